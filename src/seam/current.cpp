// Holds the library's only thread_local (real builds).
#include "seam/current.hpp"

// Trivial, so that it needs no guard and no destructor; initial-exec, so that reading it is one instruction. Its name
// is C's because current() is assembly.
extern "C" {
__attribute__((visibility("hidden"), tls_model("initial-exec"))) constinit thread_local void* hocket_current = nullptr;
}

namespace hocket::inline HOCKET_ABI::detail::seam {

#if !defined(__x86_64__)
void* current() noexcept {
    void* value = hocket_current;
    asm volatile("" : "+r"(value) : : "memory");
    return value;
}
#endif

void set_current(void* value) noexcept {
    asm volatile("" : "+r"(value) : : "memory");
    hocket_current = value;
}

}  // namespace hocket::inline HOCKET_ABI::detail::seam
