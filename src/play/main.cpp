// hocket-play: renders a patch, or streams a WAV file. Exit codes: 0 rendered; 1 it could not be, frames are missing, or
// --rt-check found something; 2 usage; 128 and the number of the signal that ended it early: 130 SIGINT, 143 SIGTERM.
#include <stdlib.h>

#include <cinttypes>
#include <cstdio>
#include <exception>
#include <hocket/audio/module_library.hpp>
#include <stdexcept>

#include "interruption.hpp"
#include "json.hpp"
#include "list.hpp"
#include "options.hpp"
#include "render.hpp"
#include "table.hpp"

namespace {

void print(std::string const& text) {
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0)
        throw std::runtime_error("standard output cannot be written to");
}

int run(play::options const& o) {
    for (std::string const& file : o.modules) hocket::audio::load_modules(file);
    if (o.list) {
        print(play::list_of_modules());
        return 0;
    }
    // While there is one thread. PortAudio's JACK reads it.
    if (!o.server.empty()) setenv("JACK_DEFAULT_SERVER", o.server.c_str(), 1);
    play::heed_signals();
    play::report const r = play::render(o);
    print(o.json ? play::to_json(o, r) : play::to_table(o, r));
    if (r.whole() && r.clean()) return r.signal == 0 ? 0 : 128 + r.signal;
    if (!r.clean())
        std::fprintf(stderr, "hocket-play: the audio thread did %" PRIu64 " things that it must not do\n", r.rt->count);
    if (r.whole()) return 1;
    std::fprintf(stderr, "hocket-play: %" PRIu64 " frames were not read in time, %" PRIu64 " are missing in '%s'\n",
                 r.underruns, r.lost, o.out.c_str());
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        auto const options = play::parse(argc, argv);
        return options ? run(*options) : 0;
    } catch (play::usage_error const& e) {
        std::fprintf(stderr, "hocket-play: %s\n", e.what());
        return 2;
    } catch (std::exception const& e) {
        std::fprintf(stderr, "hocket-play: %s\n", e.what());
        return 1;
    }
}
