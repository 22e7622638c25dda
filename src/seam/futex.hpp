// Sleeping on a word: the only way a thread of hocket's blocks.
#pragma once

#include <cstdint>
#include <hocket/detail/atomic.hpp>

namespace hocket::inline HOCKET_ABI::detail::seam {

inline constexpr std::int64_t forever = INT64_MAX;

// Sleeps while `word` holds `expected`, until woken, until the clock reads `deadline` (as now() counts), or for no
// reason at all: callers re-check. Returns false only when the deadline has passed. [any thread, blocks it]
bool futex_wait(atomic<std::uint32_t>& word, std::uint32_t expected, std::int64_t deadline = forever) noexcept;

// Wakes up to `count` threads asleep on `word`. The word need not be alive any more: it is used as an address only.
// About 5 us when somebody sleeps, 0.2 us when nobody does. [any thread]
void futex_wake(atomic<std::uint32_t>& word, int count) noexcept;

}  // namespace hocket::inline HOCKET_ABI::detail::seam
