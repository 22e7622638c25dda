// What is to be played, where it comes from and goes to; then a driver, by name.
//
// Without a patch file the patch is this: each channel of the WAV player goes through an amplifier at full level to an
// output of the panel. The one cable between them delays by one sample; that first frame is left out, so that frame i
// of the output is frame i of the file.
#include "render.hpp"

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <hocket/audio.hpp>
#include <memory>
#include <string>
#include <vector>

#include "deck.hpp"
#include "interruption.hpp"
#include "session.hpp"

#ifdef HOCKET_RT_HOOKS
extern "C" void hocket_rt_hooks() noexcept;
#endif

namespace play {

namespace audio = hocket::audio;

namespace {

struct plan {
    audio::patch patch{""};
    audio::wav_format format;               // of the output
    std::optional<audio::wav_reader> in{};  // what the panel's inputs hear
    std::uint64_t frames = 0;
    std::uint64_t skip = 0;  // frames at the beginning that do not count
};

void warn(std::string const& what) { std::fprintf(stderr, "hocket-play: %s\n", what.c_str()); }

std::uint64_t frames_of(double seconds, unsigned sample_rate) {
    return static_cast<std::uint64_t>(std::llround(seconds * sample_rate));
}

plan plan_of_wav(options const& o) {
    plan result;
    {
        audio::wav_reader const reader(o.in);
        result.format = reader.format();
        result.frames = reader.frames();
    }
    unsigned const channels = result.format.channels;
    if (channels > audio::wav_player::max_channels)
        throw std::runtime_error("'" + o.in + "' has " + std::to_string(channels) + " channels; at most " +
                                 std::to_string(audio::wav_player::max_channels) + " can be played");
    if (o.seconds) result.frames = frames_of(*o.seconds, result.format.sample_rate);
    result.skip = 1;

    audio::patch p("play");
    unsigned const player = p.add("hocket:WavPlayer");
    p.set_state(player, o.in);
    for (unsigned c = 0; c < channels; ++c) {
        unsigned const amplifier = p.add("hocket:Gain");
        p.set_knob(amplifier, 0, 1);
        p.connect({player, static_cast<int>(c)}, {amplifier, 0});
        p.map_output({amplifier, 0}, static_cast<int>(c));
    }
    result.patch = std::move(p);
    return result;
}

// Each output of the panel is a channel, and so is each input of the WAV that feeds them.
plan plan_of_patch(options const& o) {
    std::vector<std::string> warnings;
    audio::patch_file const said = audio::read_patch_file(o.patch, &warnings);
    plan result;
    result.patch = audio::to_patch(said, &warnings);
    for (std::string const& w : warnings) warn(w);
    if (result.patch.panel_outputs() == 0)
        throw std::runtime_error(o.patch + ": nothing is connected to an output of the panel");
    if (!o.in.empty()) result.in.emplace(o.in);

    unsigned rate = said.samplerate;
    if (result.in) {
        unsigned const of_in = result.in->format().sample_rate;
        if (rate == 0) rate = of_in;
        if (rate != of_in)
            throw std::runtime_error("'" + o.in + "' has " + std::to_string(of_in) + " Hz, but the patch is for " +
                                     std::to_string(rate) + " Hz: convert one to the other");
        auto const inputs = static_cast<unsigned>(result.patch.panel_inputs());
        if (unsigned const channels = result.in->format().channels; channels > inputs)
            warn("'" + o.in + "' has " + std::to_string(channels) + " channels, but the patch uses only " +
                 std::to_string(inputs) + " inputs of the panel");
    }
    if (rate == 0) rate = 48'000;
    result.format = {.sample_rate = rate,
                     .channels = static_cast<unsigned>(result.patch.panel_outputs()),
                     .encoding = audio::wav_encoding::float32};
    result.frames = result.in && !o.seconds ? result.in->frames() : frames_of(o.seconds.value_or(10), rate);
    return result;
}

// The modules of the loaded patch that stream files. Throws when one of them streams the file that is to be written.
std::vector<audio::wav_player*> players_of(audio::engine const& e, plan const& what, options const& o) {
    std::vector<audio::wav_player*> found;
    for (unsigned number = 1; number <= what.patch.parts().size(); ++number) {
        auto* const player = dynamic_cast<audio::wav_player*>(&e.at(number));
        if (player == nullptr || !player->format()) continue;
        std::string const file = player->save_state();
        std::error_code ignored;
        if (std::filesystem::equivalent(file, o.out, ignored))
            throw std::runtime_error("--out: '" + o.out + "' is read by module " + std::to_string(number) +
                                     " of the patch");
        if (player->format()->sample_rate != what.format.sample_rate)
            warn("module " + std::to_string(number) + " plays '" + file + "' of " +
                 std::to_string(player->format()->sample_rate) + " Hz at " + std::to_string(what.format.sample_rate) +
                 " Hz");
        found.push_back(player);
    }
    return found;
}

}  // namespace

report render(options const& o) {
    plan what = o.patch.empty() ? plan_of_wav(o) : plan_of_patch(o);
    auto const pool = std::make_shared<audio::runner_pool>(audio::runner_pool_options{.context = o.context});
    audio::engine e({.runners = pool});
    e.load(what.patch);
    auto const players = players_of(e, what, o);

    std::optional<audio::wav_writer> out;
    if (!o.out.empty()) out.emplace(o.out, what.format);
    deck port(std::move(what.in), std::move(out), what.format, what.skip, what.frames);
    session s(e, port, players,
              {.sample_rate = what.format.sample_rate,
               .block = o.block,
               .frames = what.frames + what.skip,
               .server = o.server});
    report r;
    if (o.rt_check) {
#ifdef HOCKET_RT_HOOKS
        hocket_rt_hooks();
#endif
        r.rt.emplace().sight = audio::rt_section::check(true);
    }
    r.clock = o.driver->run(s);
    s.end();
    if (r.rt) {
        r.rt->count = audio::rt_section::count();
        r.rt->violations = audio::rt_section::violations();
        audio::rt_section::check(false);
    }

    recorder const& to = port.recorder();
    r.frames = to.written();
    r.asked = what.frames;
    r.sample_rate = what.format.sample_rate;
    r.channels = what.format.channels;
    r.underruns = s.underruns();
    r.lost = to.lost();
    r.elapsed = s.elapsed();
    r.checksum = to.checksum();
    r.signal = r.frames + r.lost < r.asked ? interrupted() : 0;
    r.context = pool->stats().runtime.context == hocket::context_backend::boost ? "boost" : "native";
    r.engine = e.stats();
    return r;
}

}  // namespace play
