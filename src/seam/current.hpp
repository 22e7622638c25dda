// The one thread-local of the library: a pointer that each OS thread keeps for the layer above.
//
// A fiber may go to sleep on one thread and wake on another, so no compiler may keep the address of a thread-local, nor
// the value read through it, over a call that can switch. g++ 12 keeps both even for noinline functions. On x86-64 the
// accessor is therefore two instructions of assembly, which no compiler sees through; elsewhere it is out of line,
// opaque to inter-procedural analysis, and returns the value, never a reference.
#pragma once

#include <hocket/detail/config.hpp>

#if defined(__GNUC__) && !defined(__clang__)
#define HOCKET_OPAQUE __attribute__((noinline, noclone, noipa))
#else
#define HOCKET_OPAQUE __attribute__((noinline))
#endif

namespace hocket::inline HOCKET_ABI::detail::seam {

// What the calling thread last set; null on a thread that never did. [any thread]
#if defined(__x86_64__) && !defined(HOCKET_EXPLORED)
HOCKET_ALWAYS_INLINE void* current() noexcept {
    void* value;
    asm volatile(
        "movq   hocket_current@gottpoff(%%rip), %0\n\t"
        "movq   %%fs:(%0), %0"
        : "=r"(value)
        :
        : "memory");
    return value;
}
#else
HOCKET_OPAQUE void* current() noexcept;
#endif

// Sets it for the calling thread. [any thread]
HOCKET_OPAQUE void set_current(void* value) noexcept;

}  // namespace hocket::inline HOCKET_ABI::detail::seam
