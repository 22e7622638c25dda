// Where rule-breaking was seen in checked sections: each place once, with a count. Written in a signal handler.
//
// States of a place: free -> writing by CAS of whoever reports there first, -> written, and that for good: clear() only
//   forgets the counts.
// Memory order: `written` is released after what, call and frames, and acquired before they are read; counts order
//   nothing.
#pragma once

#include <cstdint>
#include <hocket/audio/rt_section.hpp>
#include <hocket/detail/config.hpp>
#include <span>
#include <vector>

namespace hocket::inline HOCKET_ABI::audio::detail {

inline constexpr std::size_t rt_deepest = 24;  // frames kept of a place
inline constexpr long no_call = -1;

// Counts one: of the literal `what`, or of system call `call` where that is null. Allocates nothing, takes no lock, may
// interrupt itself. [any thread]
void rt_record(char const* what, long call, std::span<void* const> frames) noexcept;

// As rt_section::violations(), count(), clear().
std::vector<rt_violation> rt_recorded();
std::uint64_t rt_recorded_count() noexcept HOCKET_NONBLOCKING;
void rt_forget() noexcept;

}  // namespace hocket::inline HOCKET_ABI::audio::detail
