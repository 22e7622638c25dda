// The command line, by CLI11.
#include "options.hpp"

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>

namespace play {

// From Debian's package alsa-utils.
constexpr char const* default_in = "/usr/share/sounds/alsa/Front_Center.wav";
constexpr double longest = 24 * 60 * 60;  // seconds

static double number(std::string const& option, std::string const& text) {
    char* end = nullptr;
    double const value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !std::isfinite(value))
        throw usage_error(option + ": '" + text + "' is not a number");
    return value;
}

std::optional<options> parse(int argc, char** argv) {
    options result;
    result.in = default_in;
    result.out = "play.wav";
    std::string driver = "freewheel", seconds, block = "64", context;

    CLI::App app("Renders a patch; without one, a patch that streams a WAV file through an AsyncThread, sample for sample.",
                 "hocket-play");
    app.add_option("patch", result.patch, "A patch file, as MetaModules write them");
    auto const* const in = app.add_option("--in", result.in, "The WAV file to stream")->capture_default_str();
    app.add_option("--out", result.out, "The WAV file to write: in the encoding of the other, or of a patch in float")
        ->capture_default_str();
    app.add_option("--driver", driver, "freewheel (as fast as possible, reproducible) or timer (in real time)")
        ->capture_default_str();
    app.add_option("--seconds", seconds, "How long to render; by default as long as the WAV, or 10 s of a patch");
    app.add_option("--block", block, "Frames per block, 1 to 8192")->capture_default_str();
    app.add_option("--context", context, "How fibers are switched: native or boost");
    try {
        app.parse(argc, argv);
    } catch (CLI::CallForHelp const&) {
        std::cout << app.help();
        return std::nullopt;
    } catch (CLI::ParseError const& e) {
        throw usage_error(e.what());
    }

    if (driver == "timer")
        result.driver = driver::timer;
    else if (driver != "freewheel")
        throw usage_error("--driver: '" + driver + "' is neither freewheel nor timer");

    if (!seconds.empty()) {
        result.seconds = number("--seconds", seconds);
        if (*result.seconds <= 0 || *result.seconds > longest)
            throw usage_error("--seconds: " + seconds + " is not more than 0 and at most 86400");
    }

    double const frames = number("--block", block);
    if (frames < 1 || frames > 8192 || frames != std::floor(frames))
        throw usage_error("--block: " + block + " is not a whole number from 1 to 8192");
    result.block = static_cast<unsigned>(frames);

    if (context == "native")
        result.context = hocket::context_backend::native;
    else if (context == "boost")
        result.context = hocket::context_backend::boost;
    else if (!context.empty())
        throw usage_error("--context: '" + context + "' is neither native nor boost");

    std::error_code ignored;
    if (!result.patch.empty()) {
        if (in->count() != 0) 
            throw usage_error("--in: a patch reads what its modules name; only without one a WAV is streamed");
        result.in = result.patch;
    }
    if (std::filesystem::equivalent(result.in, result.out, ignored))
        throw usage_error("--out: '" + result.out + "' is the file to be read");
    if (result.in == default_in && !std::filesystem::exists(result.in, ignored))
        throw usage_error(std::string(default_in) +
                          " is not there (it comes with Debian's alsa-utils); name a WAV with --in");
    return result;
}

}  // namespace play
