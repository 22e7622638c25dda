// One rendering of the patch of hocket-play.
#pragma once

#include <cstdint>
#include <hocket/audio/timer_driver.hpp>
#include <string>

#include "options.hpp"

namespace play {

struct report {
    std::uint64_t frames = 0;
    unsigned sample_rate = 0;
    unsigned channels = 0;
    std::uint64_t async_calls = 0;
    std::uint64_t underruns = 0;  // frames that the disk delivered too late
    std::uint64_t lost = 0;       // frames that the output file misses
    hocket::audio::timer_stats timer;
    std::uint64_t checksum = 0;
    std::string context;
};

// Reads options.in, writes options.out. Throws hocket::audio::wav_error or std::runtime_error with one sentence.
report render(options const& o);

}  // namespace play
