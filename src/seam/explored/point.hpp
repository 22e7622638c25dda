// The scheduling point: the place where the explorer may let another virtual thread run.
//
// Protocol: the explorer grants a number of points that pass without asking it; each point counts it down, and only the
//   one that finds it used up enters the explorer. Outside an exploration the grant is practically endless.
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/config.hpp>

// See unwatched.hpp.
#ifdef HOCKET_TSAN
#define HOCKET_UNWATCHED __attribute__((noinline, no_sanitize("thread")))
#else
#define HOCKET_UNWATCHED
#endif

namespace hocket::inline HOCKET_ABI::detail::seam {

// What the virtual thread is about to do; for traces.
enum class operation : std::uint8_t {
    load,
    store,
    exchange,
    compare_exchange,
    fetch,
    clock,
    pause,
    futex_wait,
    futex_wake,
    start,
    join,
};

// Points left before the explorer is asked. Written by the explorer; one OS thread only.
extern std::int64_t quiet_points;

// Counts every change of an atomic's value, so that the explorer can tell a livelock from a long schedule.
extern std::uint64_t changes;

// The rare half of point(). Returns when the calling virtual thread goes on; never, when its schedule is abandoned.
void ask_explorer(operation what, void const* word, std::size_t size) noexcept;

// Whether a compare_exchange_weak that could succeed fails all the same.
bool weak_exchange_fails() noexcept;

// Called before each access of a word that threads share. [virtual thread]
HOCKET_UNWATCHED inline void point(operation what, void const* word = nullptr, std::size_t size = 0) noexcept {
    if (--quiet_points < 0) [[unlikely]]
        ask_explorer(what, word, size);
}

// Called when an access has changed a value. [virtual thread]
HOCKET_UNWATCHED inline void note_change() noexcept { ++changes; }

}  // namespace hocket::inline HOCKET_ABI::detail::seam
