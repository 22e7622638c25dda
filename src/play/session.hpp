// One rendering under way, as a driver sees it: the engine, what to pass to it, and what has to be done meanwhile.
#pragma once

#include <chrono>
#include <cstdint>
#include <hocket/audio/engine.hpp>
#include <hocket/audio/wav_player.hpp>
#include <string>
#include <vector>

#include "deck.hpp"
#include "progress.hpp"

namespace play {

struct session_options {
    unsigned sample_rate = 48000;  // Hz
    unsigned block = 64;           // frames
    std::uint64_t frames = 0;      // to be rendered
    std::string server{};          // a JACK server's name; empty: the default
};

class session {
public:
    // A patch is loaded in the engine; `players` are those of its modules that stream files.
    session(hocket::audio::engine& e, deck& port, std::vector<hocket::audio::wav_player*> players,
            session_options const& options);

    hocket::audio::engine& engine() const noexcept { return engine_; }
    deck& port() const noexcept { return port_; }
    unsigned sample_rate() const noexcept { return options_.sample_rate; }
    unsigned block() const noexcept { return options_.block; }
    std::uint64_t frames() const noexcept { return options_.frames; }
    std::string const& server() const noexcept { return options_.server; }

    // For a driver that plays by a clock, before that starts, the engine being prepared: waits until all files have
    // been read ahead, else the first frames would be silent. False: an end is asked for. Throws std::runtime_error
    // when that takes longer than ten seconds, wav_error. [control]
    bool await_files();

    // To be called all the while, each time that 20 ms have passed, or deck::least_room frames: moves frames between
    // rings and files, and redraws the line. `xruns` are the blocks that ended too late so far. False: an end is asked
    // for. Throws wav_error. [control]
    bool turn(std::uint64_t xruns);

    // Takes the line away, writes the rest and closes the file. Throws wav_error; std::runtime_error when a player
    // could not read its file to the end. [control]
    void end();

    // Frames that files did not deliver in time. [control]
    std::uint64_t underruns() const noexcept;
    // From the beginning until the end, files included. [control]
    double elapsed() const noexcept;  // seconds

private:
    hocket::audio::engine& engine_;
    deck& port_;
    std::vector<hocket::audio::wav_player*> const players_;
    session_options const options_;
    progress line_;
    std::chrono::steady_clock::time_point const begin_ = std::chrono::steady_clock::now();
};

}  // namespace play
