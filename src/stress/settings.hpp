// What the command line asked for.
#pragma once

#include <cstdint>
#include <hocket/runtime.hpp>
#include <string>
#include <vector>

#include "stress/scenario.hpp"

namespace hocket::stress {

struct settings {
    std::vector<scenario const*> chosen;  // in the order they run
    std::uint64_t seed = 0;               // of every random choice
    double duration = 0;                  // seconds that each scenario is repeated for; 0: once
    double hang_seconds = 60;             // so long without progress is a hang
    double scale = 1;                     // of the standard sizes
    std::uint64_t fibers = 0;             // of the scenario parked; 0: its standard size
    unsigned workers = 0;                 // 0: the runtime's own default
    unsigned blocking_workers = 0;        // 0: likewise
    context_backend context = context_backend::automatic;
    std::string json;    // where the report goes; empty: nowhere
    std::string in;      // the WAV that the audio scenario streams; empty: one it makes
    std::string broken;  // breakable builds: what shall go wrong
};

}  // namespace hocket::stress
