// An exploration in a child process.
#pragma once

#include <cstdint>
#include <functional>

#include "seam/explored/explore.hpp"

namespace hocket::inline HOCKET_ABI::explorer {

// Where an exploration stands, for whoever watches it from outside.
struct progress {
    std::uint64_t seed = 0;
    unsigned schedules_run = 0;
};

// Seconds after which a schedule in a child is taken for one that hangs.
inline constexpr unsigned patience = 30;

// The loop over the schedules, in this process.
explore_result explore_here(explore_options const& options, std::uint64_t seed, std::function<void()> const& body,
                            progress& told);

// The same in a child. A child that dies or hangs is a failed schedule. Throws
// std::system_error when no child can be made.
explore_result explore_in_child(explore_options const& options, std::uint64_t seed, std::function<void()> const& body);

}  // namespace hocket::inline HOCKET_ABI::explorer
