// What the environment and the command line say of all test cases.
#pragma once

#include <hocket/testing.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace hocket::inline HOCKET_ABI::testing::detail {

struct settings {
    std::vector<unsigned> workers{2};
    std::chrono::nanoseconds timeout = std::chrono::seconds(60);
    std::uint64_t seed = 0;  // 0: from the clock, anew for each run
    context_backend context = context_backend::automatic;
    std::string program;  // as it was called; empty when its main() is not ours

    // Reads --hk-... ; a wrong one throws std::invalid_argument with one sentence. [main]
    void apply(int argc, char const* const* argv);
};

// The process's settings, read from the environment at the first call; a wrong value there ends the process with one
// sentence and exit code 2. [main]
settings& the_settings();

// A paragraph on the options, for --help.
extern char const* const settings_help;

}  // namespace hocket::inline HOCKET_ABI::testing::detail
