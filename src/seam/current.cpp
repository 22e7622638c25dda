// Holds the library's only thread_local (real builds).
#include "seam/current.hpp"

namespace hocket::inline HOCKET_ABI::detail::seam {

// Trivial, so that it needs no guard and no destructor; initial-exec, so that reading it is one instruction.
static __attribute__((tls_model("initial-exec"))) constinit thread_local void* pointer = nullptr;

void* current() noexcept {
    void* value = pointer;
    asm volatile("" : "+r"(value) : : "memory");
    return value;
}

void set_current(void* value) noexcept {
    asm volatile("" : "+r"(value) : : "memory");
    pointer = value;
}

}  // namespace hocket::inline HOCKET_ABI::detail::seam
