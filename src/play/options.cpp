// The command line, by CLI11.
#include "options.hpp"

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string_view>

#include "drivers.hpp"

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

static std::string names_of_drivers() {
    std::string all;
    for (driver const& d : drivers()) all += (all.empty() ? "" : ", ") + std::string(d.name);
    return all;
}

static std::string drivers_explained() {
    std::string all;
    for (driver const& d : drivers()) all += (all.empty() ? "" : "; ") + std::string(d.name) + ": " + d.manner;
    return all;
}

std::optional<options> parse(int argc, char** argv) {
    options result;
    std::string driver = drivers().front().name, seconds, block = "64", context, stats = "table";

    CLI::App app(
        "Renders a patch; without one, a patch that streams a WAV file through an AsyncThread, sample for sample.",
        "hocket-play");
    app.add_option("patch", result.patch, "A patch file, as MetaModules write them");
    app.add_option("--in", result.in,
                   "A WAV file: its channels feed the inputs of the patch; without a patch it is streamed (then by "
                   "default " +
                       std::string(default_in) + ")");
    auto const* const out = app.add_option("--out", result.out,
                                           "The WAV file to write: in the encoding of the other, or of a patch in "
                                           "float; by default play.wav, or none where a device plays");
    app.add_option("--driver", driver, drivers_explained())->capture_default_str();
    app.add_option("--seconds", seconds, "How long to render; by default as long as --in, or 10 s of a patch without");
    app.add_option("--server", result.server, "For jack, and portaudio's JACK: the name of the server");
    auto const* const of_block =
        app.add_option("--block", block, "Frames per block, 1 to 8192; jack has the server's")->capture_default_str();
    app.add_option("--context", context, "How fibers are switched: native or boost");
    app.add_option("--modules", result.modules,
                   "A shared object with modules for the patch; may be given several times")
        ->allow_extra_args(false);
    app.add_flag("--list", result.list, "Print the modules that patches can name, and render nothing");
    app.add_flag("--rt-check", result.rt_check,
                 "Tell system calls, allocations and locks of the audio thread, with where they are");
    app.add_option("--stats", stats, "What to print in the end: table or json")->capture_default_str();
    try {
        app.parse(argc, argv);
    } catch (CLI::CallForHelp const&) {
        std::cout << app.help();
        return std::nullopt;
    } catch (CLI::ParseError const& e) {
        throw usage_error(e.what());
    }

    result.driver = find_driver(driver);
    if (result.driver == nullptr)
        throw usage_error("--driver: there is no driver '" + driver + "'; there are: " + names_of_drivers());
    bool const jack = std::string_view(result.driver->name) == "jack";
    if (!result.server.empty() && !result.driver->device)
        throw usage_error("--server: the driver " + driver + " has no server");
    if (jack && of_block->count() != 0) throw usage_error("--block: a JACK server has a block of its own");
    if (result.driver->device && !result.patch.empty() && !result.in.empty())
        throw usage_error("--in: with the driver " + driver + " the patch hears the device");
    if (out->count() == 0 && !result.driver->device) result.out = "play.wav";

    if (!seconds.empty()) {
        result.seconds = number("--seconds", seconds);
        if (*result.seconds <= 0 || *result.seconds > longest)
            throw usage_error("--seconds: " + seconds + " is not more than 0 and at most 86400");
    }

    double const frames = number("--block", block);
    if (frames < 1 || frames > most_frames || frames != std::floor(frames))
        throw usage_error("--block: " + block + " is not a whole number from 1 to " + std::to_string(most_frames));
    result.block = static_cast<unsigned>(frames);

    if (context == "native")
        result.context = hocket::context_backend::native;
    else if (context == "boost")
        result.context = hocket::context_backend::boost;
    else if (!context.empty())
        throw usage_error("--context: '" + context + "' is neither native nor boost");

    result.json = stats == "json";
    if (!result.json && stats != "table") throw usage_error("--stats: '" + stats + "' is neither table nor json");

    if (result.list) return result;
    std::error_code ignored;
    if (result.patch.empty() && result.in.empty()) {
        result.in = default_in;
        if (!std::filesystem::exists(result.in, ignored))
            throw usage_error(std::string(default_in) +
                              " is not there (it comes with Debian's alsa-utils); name a WAV with --in");
    }
    for (std::string const& read : {result.patch, result.in})
        if (std::filesystem::equivalent(read, result.out, ignored))
            throw usage_error("--out: '" + result.out + "' is the file to be read");
    return result;
}

}  // namespace play
