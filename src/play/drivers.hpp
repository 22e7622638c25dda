// The ways to run an engine, by name. One more is a function and a line in the table of drivers.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace play {

class session;

// The most that --block takes.
constexpr unsigned most_frames = 8192;

// What a driver that plays by a clock tells of it.
struct clock_figures {
    bool realtime = false;  // the audio thread has a real-time class
    std::uint64_t blocks = 0;
    std::uint64_t late = 0;     // blocks that ended after the next should begin
    std::int64_t worst_ns = 0;  // the longest that a block ended after it began to be due
    std::uint64_t xruns = 0;    // of the device, whoever caused them
    unsigned block = 0;         // frames, as the device had it in the end
};

struct driver {
    char const* name;
    char const* manner;  // for people, in a few words
    // Plays to a sound server or device: the panel's inputs hear that, a file is written when one is named only.
    bool device;
    // Plays the session to its end, or until its turn() says that this is early. Nothing when there was no clock.
    // Throws what the driver throws, and the session. [control]
    std::optional<clock_figures> (*run)(session& s);
};

// The first is the one that plays when none is named. [any thread]
std::span<driver const> drivers() noexcept;
// Null when there is none of this name. [any thread]
driver const* find_driver(std::string_view name) noexcept;

}  // namespace play
