// What came of a rendering.
#pragma once

#include <cstdint>
#include <hocket/audio/engine.hpp>
#include <optional>
#include <string>

#include "drivers.hpp"

namespace play {

struct report {
    std::uint64_t frames = 0;  // in the file
    std::uint64_t asked = 0;   // frames
    unsigned sample_rate = 0;  // Hz
    unsigned channels = 0;
    std::uint64_t underruns = 0;  // frames that a file delivered too late
    std::uint64_t lost = 0;       // frames that the output file misses
    double elapsed = 0;           // seconds that it took
    std::uint64_t checksum = 0;   // FNV-1a over the floats of the frames
    int signal = 0;               // that ended it early; 0: none
    std::string context;          // native or boost
    std::optional<clock_figures> clock;
    hocket::audio::engine_stats engine;

    // Nothing is missing in what there is.
    bool whole() const noexcept { return underruns == 0 && lost == 0; }
    double seconds() const noexcept { return static_cast<double>(frames) / sample_rate; }
    // Seconds of sound in a second.
    double speed() const noexcept { return elapsed > 0 ? seconds() / elapsed : 0; }
};

}  // namespace play
