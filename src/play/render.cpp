// Without a patch file the patch is this: each channel of the WAV player goes through an amplifier at full level to an
// output of the panel.
//
// The one cable between them delays by one sample; that first frame is left out, so that frame i of the output is frame
// i of the file.
#include "render.hpp"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <hocket/audio.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "recorder.hpp"

namespace play {

namespace audio = hocket::audio;

constexpr unsigned cable_delay = 1;  // frames

static audio::patch make_patch(std::string const& in, unsigned channels) {
    audio::patch p("play");
    unsigned const player = p.add("hocket:WavPlayer");
    p.set_state(player, in);
    for (unsigned c = 0; c < channels; ++c) {
        unsigned const amplifier = p.add("hocket:Gain");
        p.set_knob(amplifier, 0, 1);
        p.connect({player, static_cast<int>(c)}, {amplifier, 0});
        p.map_output({amplifier, 0}, static_cast<int>(c));
    }
    return p;
}

static void run_freewheel(audio::engine& e, audio::freewheel_options const& how, std::uint64_t frames, recorder& to,
                          audio::wav_writer& file) {
    audio::freewheel_driver driver(e, how);
    for (std::uint64_t done = 0; done < frames;) {
        std::uint64_t const part = std::min<std::uint64_t>(frames - done, how.sample_rate);
        driver.render(part, to);
        to.drain(file);
        done += part;
    }
}

// `player`, if any, has read ahead before the clock starts, else the first frames would be silent.
static audio::timer_stats run_timer(audio::engine& e, audio::timer_options const& how, audio::wav_player* player,
                                    std::uint64_t frames, recorder& to, audio::wav_writer& file) {
    using namespace std::chrono_literals;
    audio::timer_driver driver(e, how);
    auto const patience = std::chrono::steady_clock::now() + 10s;
    while (player != nullptr && !player->ready()) {
        if (std::chrono::steady_clock::now() > patience) throw std::runtime_error("the file was not read within 10 s");
        std::this_thread::sleep_for(1ms);
    }
    driver.start(to, frames);
    while (driver.running()) {
        std::this_thread::sleep_for(20ms);
        to.drain(file);
    }
    driver.wait();
    to.drain(file);
    return driver.stats();
}

// Each output of the panel is a channel.
static report render_patch(options const& o) {
    std::vector<std::string> warnings;
    audio::patch_file const said = audio::read_patch_file(o.patch, &warnings);
    audio::patch const p = audio::to_patch(said, &warnings);
    for (std::string const& w : warnings) std::fprintf(stderr, "hocket-play: %s\n", w.c_str());
    if (p.panel_outputs() == 0) throw std::runtime_error(o.patch + ": nothing is connected to an output of the panel");

    audio::wav_format const format{.sample_rate = said.samplerate != 0 ? said.samplerate : 48'000,
                                   .channels = static_cast<unsigned>(p.panel_outputs()),
                                   .encoding = audio::wav_encoding::float32};
    auto const frames = static_cast<std::uint64_t>(std::llround(o.seconds.value_or(10) * format.sample_rate));
    auto const pool = std::make_shared<audio::runner_pool>(audio::runner_pool_options{.context = o.context});
    audio::engine e({.runners = pool});
    e.load(p);

    audio::wav_writer file(o.out, format);
    recorder to(format.channels, 0, frames, format.sample_rate);
    report r;
    if (o.driver == driver::freewheel)
        run_freewheel(e, {.sample_rate = format.sample_rate, .block = o.block}, frames, to, file);
    else
        r.timer = run_timer(e, {.sample_rate = format.sample_rate, .block = o.block}, nullptr, frames, to, file);
    file.close();
    r.frames = to.written();
    r.sample_rate = format.sample_rate;
    r.channels = format.channels;
    r.async_calls = e.stats().async_calls;
    r.lost = to.lost();
    r.checksum = to.checksum();
    r.context = pool->stats().runtime.context == hocket::context_backend::boost ? "boost" : "native";
    return r;
}

report render(options const& o) {
    if (!o.patch.empty()) return render_patch(o);
    audio::wav_format format;
    std::uint64_t frames = 0;
    {
        audio::wav_reader const reader(o.in);
        format = reader.format();
        frames = reader.frames();
    }
    if (format.channels > audio::wav_player::max_channels)
        throw std::runtime_error("'" + o.in + "' has " + std::to_string(format.channels) + " channels; at most " +
                                 std::to_string(audio::wav_player::max_channels) + " can be played");
    if (o.seconds) frames = static_cast<std::uint64_t>(std::llround(*o.seconds * format.sample_rate));

    auto const pool = std::make_shared<audio::runner_pool>(audio::runner_pool_options{.context = o.context});
    audio::engine e({.runners = pool});
    e.load(make_patch(o.in, format.channels));
    auto& player = e.at<audio::wav_player>(1);

    audio::wav_writer file(o.out, format);
    // A second of room: what is rendered between two writes, and more than any disk takes.
    recorder to(format.channels, cable_delay, frames, format.sample_rate + cable_delay);
    report r;
    if (o.driver == driver::freewheel)
        run_freewheel(e, {.sample_rate = format.sample_rate, .block = o.block}, frames + cable_delay, to, file);
    else
        r.timer = run_timer(e, {.sample_rate = format.sample_rate, .block = o.block}, &player, frames + cable_delay, to,
                            file);
    file.close();
    if (auto const why = player.failure(); !why.empty()) throw std::runtime_error(why);

    r.frames = to.written();
    r.sample_rate = format.sample_rate;
    r.channels = format.channels;
    r.async_calls = e.stats().async_calls;
    r.underruns = player.underruns() + player.preroll();
    r.lost = to.lost();
    r.checksum = to.checksum();
    r.context = pool->stats().runtime.context == hocket::context_backend::boost ? "boost" : "native";
    return r;
}

}  // namespace play
