// What came of a rendering.
#pragma once

#include <cstdint>
#include <hocket/audio/engine.hpp>
#include <hocket/audio/rt_section.hpp>
#include <optional>
#include <string>
#include <vector>

#include "drivers.hpp"

namespace play {

// What --rt-check found.
struct rt_findings {
    hocket::audio::rt_sight sight;  // what could be seen
    std::uint64_t count = 0;
    std::vector<hocket::audio::rt_violation> violations;
};

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
    std::optional<rt_findings> rt;

    // The audio thread did nothing that it must not do, or nobody looked.
    bool clean() const noexcept { return !rt || rt->count == 0; }
    // Nothing is missing in what there is.
    bool whole() const noexcept { return underruns == 0 && lost == 0; }
    double seconds() const noexcept { return static_cast<double>(frames) / sample_rate; }
    // Seconds of sound in a second.
    double speed() const noexcept { return elapsed > 0 ? seconds() / elapsed : 0; }
};

}  // namespace play
