// Names the inline namespace that every hocket symbol lives in, and what the shared objects export.
//
// A test build compiles the same sources a second time as `hocket::explored`, with the seam (atomics, clock, futex,
// threads) replaced; the two can be linked side by side because no mangled name is shared.
#pragma once

#ifdef HOCKET_EXPLORED
#define HOCKET_ABI explored
#else
#define HOCKET_ABI v0
#endif

#define HOCKET_API __attribute__((visibility("default")))
#define HOCKET_NOINLINE __attribute__((noinline))
#define HOCKET_ALWAYS_INLINE __attribute__((always_inline)) inline

// HOCKET_NONBLOCKING, after a function's parameters and noexcept, before override: it neither allocates, locks, suspends
// nor enters the kernel. Clang 20 checks that, while compiling with -Wfunction-effects and while running with
// -fsanitize=realtime, also for the functions that override it and do not repeat it. What stands between HOCKET_TRUSTED
// and HOCKET_TRUSTED_END is not checked while compiling; the reason stands beside it. Nothing to other compilers.
#if defined(__clang__) && __clang_major__ >= 20
#define HOCKET_NONBLOCKING [[clang::nonblocking]]
#define HOCKET_TRUSTED _Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wfunction-effects\"")
#define HOCKET_TRUSTED_END _Pragma("clang diagnostic pop")
#else
#define HOCKET_NONBLOCKING
#define HOCKET_TRUSTED
#define HOCKET_TRUSTED_END
#endif

#if defined(__SANITIZE_ADDRESS__)
#define HOCKET_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOCKET_ASAN 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define HOCKET_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HOCKET_TSAN 1
#endif
#endif
