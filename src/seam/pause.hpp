// What a spinning loop does between two looks.
#pragma once

#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::detail::seam {

// Tells the core (in explored builds, the scheduler) that the caller waits for another thread. [any thread]
#ifdef HOCKET_EXPLORED
void pause() noexcept;
inline void yield_thread() noexcept { pause(); }
#else
inline void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb" ::: "memory");
#else
    asm volatile("" ::: "memory");
#endif
}

// Lets another thread of the system run. [any thread]
void yield_thread() noexcept;
#endif

}  // namespace hocket::inline HOCKET_ABI::detail::seam
