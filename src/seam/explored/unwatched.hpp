// Keeps ThreadSanitizer from looking at the explorer itself.
//
// In builds with ThreadSanitizer a switch between virtual threads does not count as synchronisation, so that it
// judges the code under test as if the threads were real: by its atomics and their orders. The explorer's own data,
// which every virtual thread touches in turn, must then be kept out of its sight.
#pragma once

#include <hocket/detail/config.hpp>

#ifdef HOCKET_TSAN
extern "C" {
void AnnotateIgnoreReadsBegin(char const* file, int line);
void AnnotateIgnoreReadsEnd(char const* file, int line);
void AnnotateIgnoreWritesBegin(char const* file, int line);
void AnnotateIgnoreWritesEnd(char const* file, int line);
void __tsan_acquire(void* at);
void __tsan_release(void* at);
}
#endif

namespace hocket::inline HOCKET_ABI::explorer {

inline void stop_watching() noexcept {
#ifdef HOCKET_TSAN
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
#endif
}

inline void watch_again() noexcept {
#ifdef HOCKET_TSAN
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
#endif
}

// For the length of a call from the code under test into the explorer.
struct unwatched {
    unwatched() noexcept { stop_watching(); }
    unwatched(unwatched const&) = delete;
    unwatched& operator=(unwatched const&) = delete;
    ~unwatched() { watch_again(); }
};

// What came before release_at(x) happens before what comes after an acquire_at(x) that follows it.
inline void release_at([[maybe_unused]] void* x) noexcept {
#ifdef HOCKET_TSAN
    __tsan_release(x);
#endif
}
inline void acquire_at([[maybe_unused]] void* x) noexcept {
#ifdef HOCKET_TSAN
    __tsan_acquire(x);
#endif
}

}  // namespace hocket::inline HOCKET_ABI::explorer
