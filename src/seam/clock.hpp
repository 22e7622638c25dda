// The only clock hocket reads.
#pragma once

#include <cstdint>
#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::detail::seam {

// Nanoseconds of CLOCK_MONOTONIC, the clock of std::chrono::steady_clock (virtual time in explored builds). About 23
// ns: never in a switch. [any thread]
std::int64_t now() noexcept;

}  // namespace hocket::inline HOCKET_ABI::detail::seam
