// What the command line of hocket-play says.
#pragma once

#include <hocket/runtime.hpp>
#include <optional>
#include <stdexcept>
#include <string>

namespace play {

enum class driver { freewheel, timer };

struct options {
    std::string patch;              // a patch file; empty: one that streams `in`
    std::string in;
    std::string out;
    play::driver driver = play::driver::freewheel;
    std::optional<double> seconds;  // empty: as long as `in`, or ten for a patch
    unsigned block = 64;            // frames
    hocket::context_backend context = hocket::context_backend::automatic;
};

// A command line that makes no sense; one sentence.
class usage_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Empty when help or the version was asked for, and has been printed. Throws usage_error.
std::optional<options> parse(int argc, char** argv);

}  // namespace play
