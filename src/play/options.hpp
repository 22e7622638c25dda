// What the command line of hocket-play says.
#pragma once

#include <hocket/runtime.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace play {

struct driver;

struct options {
    std::string patch;  // a patch file; empty: one that streams `in`
    std::string in;     // a WAV: what the panel's inputs hear, or what is streamed; empty: silence
    std::string out;    // empty: none is written
    play::driver const* driver = nullptr;
    std::string server;             // a JACK server's name; empty: the default
    std::optional<double> seconds;  // empty: as long as `in`, or ten for a patch without
    unsigned block = 64;            // frames
    hocket::context_backend context = hocket::context_backend::automatic;
    std::vector<std::string> modules;  // shared objects
    bool list = false;                 // print the registered modules, and render nothing
    bool json = false;                 // instead of the table
    bool rt_check = false;             // watch what the audio thread does
};

// A command line that makes no sense; one sentence.
class usage_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Empty when help was asked for, and has been printed. Throws usage_error.
std::optional<options> parse(int argc, char** argv);

}  // namespace play
