// The recorder: each take is its file, sample for sample, whatever is destroyed when; what is lost is counted and said.
#include <doctest/doctest.h>

#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>

#include "limits.hpp"
#include "support.hpp"

using namespace support;
using audio::recorder;
using audio::recorder_options;

namespace {

// Panel inputs 0 .. channels-1 to the recorder, the next one to its gate; its output to panel output 0.
audio::patch recorder_patch(std::string const& path, unsigned channels, recorder_options const& options = {}) {
    audio::patch p("recorder");
    unsigned const r = p.add<recorder>("recorder", path, options);
    for (unsigned c = 0; c < channels; ++c) p.map_input(static_cast<int>(c), {r, static_cast<int>(c)});
    p.map_input(static_cast<int>(channels), {r, 8});
    p.map_output({r, 0}, 0);
    return p;
}

std::vector<float> part(std::vector<float> const& of, std::size_t begin, std::size_t end) {
    return {of.begin() + static_cast<std::ptrdiff_t>(begin), of.begin() + static_cast<std::ptrdiff_t>(end)};
}

// Blocks in audio time without ticks: no action runs.
void process(audio::engine& e, std::vector<std::vector<float>> const& inputs) {
    for (std::size_t at = 0; at < inputs[0].size();) {
        auto const n = static_cast<unsigned>(std::min<std::size_t>(64, inputs[0].size() - at));
        std::vector<float const*> rows;
        for (auto const& in : inputs) rows.push_back(in.data() + at);
        e.process(rows, {}, n);
        at += n;
    }
}

}  // namespace

TEST_CASE("takes are in their files, sample for sample, with a channel for each cable") {
    folder dir;
    for (unsigned const channels : {1u, 2u, 8u})
        for (unsigned const block : {17u, 64u}) {
            CAPTURE(channels);
            std::vector<std::vector<float>> in;
            for (unsigned c = 0; c < channels; ++c) in.push_back(noise(9000, c + 1));
            in.push_back(pulse(9000, 100, 5000));
            std::fill_n(in.back().begin() + 6000, 1000, 0.6f);
            in.back()[8000] = 1;
            tape t(in);
            audio::engine e({.runners = make_pool()});
            e.load(recorder_patch(dir / "a.b.wav", channels));
            {
                audio::freewheel_driver driver(e, {.block = block});
                driver.render(9000, t);
            }
            auto const& r = e.at<recorder>(1);
            CHECK(r.written() == 5901);
            CHECK(r.lost() == 0);
            CHECK(r.files() == 3);
            CHECK_FALSE(r.recording());
            CHECK(r.failure().empty());
            // Before the module is destroyed: the takes have ended.
            std::vector<float> first, second;
            for (std::size_t i = 100; i < 5000; ++i)
                for (unsigned c = 0; c < channels; ++c) first.push_back(in[c][i]);
            for (std::size_t i = 6000; i < 7000; ++i)
                for (unsigned c = 0; c < channels; ++c) second.push_back(in[c][i]);
            CHECK(read_wav(dir / "a.b.wav") == first);
            CHECK(read_wav(dir / "a.b-2.wav") == second);
            CHECK(read_wav(dir / "a.b-3.wav").size() == channels);
            CHECK(audio::wav_reader(dir / "a.b.wav").format().sample_rate == 48000);
            CHECK(e.at(1).save_state() == dir / "a.b.wav");
            // The light changes at the tick after the gate; a tick comes before every 24th frame, 6000 for one.
            auto light = pulse(9000, 120, 5016);
            std::fill(light.begin() + 6024, light.begin() + 7008, 1.f);
            CHECK(t.out[0] == light);
        }
}

TEST_CASE("the knob records as well, and what is in the ring when the module is destroyed is written by it") {
    folder dir;
    auto p = recorder_patch(dir / "a.wav", 1);
    p.set_knob(1, 0, 1);
    auto const in = noise(1000);
    audio::engine e({.runners = make_pool()});
    e.load(p);
    CHECK(e.at(1).get_param(0) == 1);
    e.prepare(48000, 64, audio::tick_source::audio_time);
    process(e, {in});
    CHECK(e.at<recorder>(1).written() == 0);
    CHECK_FALSE(std::filesystem::exists(dir / "a.wav"));
    e.unload();
    CHECK(read_wav(dir / "a.wav") == in);
}

TEST_CASE("a recorder without a file, or without a wish, records nothing") {
    folder dir;
    audio::patch p("idle");
    unsigned const unnamed = p.add("hocket:Recorder"), unwanted = p.add("hocket:Recorder");
    p.set_knob(unnamed, 0, 1);
    p.set_state(unwanted, dir / "a.wav");
    p.map_output({unnamed, 0}, 0);
    audio::engine e({.runners = make_pool()});
    e.load(p);
    auto const out = render(e, 1000);
    CHECK(std::all_of(out.begin(), out.end(), [](float x) { return x == 0; }));
    CHECK(e.at<recorder>(unnamed).files() + e.at<recorder>(unnamed).lost() == 0);
    CHECK(e.at<recorder>(unwanted).files() == 0);
    e.unload();
    CHECK_FALSE(std::filesystem::exists(dir / "a.wav"));
}

TEST_CASE("a full ring loses frames, counts them, and keeps the ends of takes") {
    folder dir;
    auto const in = noise(1000);
    audio::engine e({.runners = make_pool()});
    e.load(recorder_patch(dir / "a.wav", 1, {.buffer = 16}));
    e.prepare(48000, 64, audio::tick_source::audio_time);
    // 16 * 9 samples are rounded up to 256; the beginning takes 3, each frame 2.
    constexpr std::size_t room = (256 - 3) / 2;
    process(e, {in, pulse(1000, 0, 1000)});
    auto const& r = e.at<recorder>(1);
    CHECK(r.lost() == 1000 - room);
    // The take's end takes what is left; of the next take there is nothing.
    process(e, {in, pulse(1000, 500, 1000)});
    CHECK(r.lost() == 1500 - room);
    e.tick();
    CHECK(r.written() == room);
    process(e, {part(in, 0, 100), pulse(100, 0, 50)});
    e.tick();
    CHECK(r.lost() == 1500 - room);
    CHECK(r.written() == room + 50);
    CHECK(read_wav(dir / "a.wav") == part(in, 0, room));
    CHECK(read_wav(dir / "a-2.wav") == part(in, 0, 50));
    e.unload();
    CHECK_FALSE(std::filesystem::exists(dir / "a-3.wav"));
}

TEST_CASE("the end of a take for which the full ring has no room is not forgotten when the gate rises again") {
    folder dir;
    auto const in = noise(1000);
    audio::engine e({.runners = make_pool()});
    e.load(recorder_patch(dir / "a.wav", 2, {.buffer = 16}));
    e.prepare(48000, 64, audio::tick_source::audio_time);
    auto const& r = e.at<recorder>(1);
    // A take of ten frames takes 3 + 10 * 3 + 1 of 256 samples; then a beginning, and 73 frames fill them to the last.
    process(e, {in, in, pulse(1000, 0, 10)});
    process(e, {in, in, pulse(1000, 20, 1000)});
    CHECK(r.lost() == 980 - 73);
    process(e, {in, in, pulse(1000, 1, 1000)});
    CHECK(r.lost() == 980 - 73 + 999);
    e.tick();
    CHECK(r.recording());
    CHECK(r.written() == 10 + 73);
    process(e, {in, in, pulse(1000, 0, 5)});
    e.tick();
    CHECK_FALSE(r.recording());
    CHECK(r.files() == 3);
    CHECK(r.lost() == 980 - 73 + 999);
    CHECK(read_wav(dir / "a.wav").size() == 2 * 10);
    CHECK(read_wav(dir / "a-2.wav").size() == 2 * 73);
    auto const third = read_wav(dir / "a-3.wav");
    REQUIRE(third.size() == 2 * 5);
    for (std::size_t i = 0; i < third.size(); ++i) CHECK(third[i] == in[i / 2]);
}

TEST_CASE("a file that cannot be opened is a failure in a sentence; the next take tries anew") {
    log_capture log;
    folder dir;
    auto const in = noise(9000);
    tape t({in, pulse(9000, 0, 3000)});
    std::fill_n(t.in[1].begin() + 4000, 1000, 1.f);
    audio::engine e({.runners = make_pool()});
    e.load(recorder_patch(dir / "sub/a.wav", 1));
    audio::freewheel_driver driver(e);
    driver.render(3500, t);
    auto const& r = e.at<recorder>(1);
    CHECK(r.failure() == "cannot write '" + (dir / "sub/a.wav") + "': No such file or directory");
    CHECK(r.lost() == 3000);
    CHECK(r.written() == 0);
    CHECK(e.stats().async_failures == 1);
    std::filesystem::create_directory(dir / "sub");
    driver.render(2500, t);
    CHECK(r.written() == 1000);
    CHECK(r.lost() == 3000);
    CHECK(read_wav(dir / "sub/a-2.wav") == part(in, 4000, 5000));
    CHECK(std::all_of(t.out[0].begin(), t.out[0].begin() + 4000, [](float x) { return x == 0; }));
    CHECK(t.out[0][4500] == 1);
    CHECK(log.text().find("an action of 'module 1 (recorder) thread 0' threw: cannot write") != std::string::npos);
}

TEST_CASE("a full disk ends the file, says so, and what was written can be read") {
    log_capture log;
    folder dir;
    auto const in = noise(60'000);
    tape t({in, pulse(60'000, 0, 50'000)});
    audio::engine e({.runners = make_pool()});
    e.load(recorder_patch(dir / "a.wav", 1, {.buffer = 2048}));
    auto const& r = e.at<recorder>(1);
    {
        file_size_limit const limit(100'000);
        audio::freewheel_driver driver(e);
        driver.render(60'000, t);
    }
    CHECK(r.failure().find("cannot write '" + (dir / "a.wav") + "': ") == 0);
    CHECK(r.lost() + r.written() == 50'000);
    CHECK(r.lost() >= 25'000);
    CHECK(r.written() >= 10'000);
    CHECK(e.stats().async_failures == 1);
    auto const kept = read_wav(dir / "a.wav");
    REQUIRE(kept.size() >= r.written());
    CHECK(part(kept, 0, r.written()) == part(in, 0, r.written()));
}

TEST_CASE("a take that is longer than a file goes on in the next") {
    folder dir;
    auto const left = noise(2500, 1), right = noise(2500, 2);
    tape t({left, right, pulse(2500, 0, 2500)});
    audio::engine e({.runners = make_pool()});
    e.load(recorder_patch(dir / "a.wav", 2, {.file_size = 1000 * 2 * sizeof(float)}));
    {
        audio::freewheel_driver driver(e);
        driver.render(2500, t);
    }
    e.unload();
    std::vector<float> all, joined;
    for (std::size_t i = 0; i < 2500; ++i) all.insert(all.end(), {left[i], right[i]});
    for (char const* const name : {"a.wav", "a-2.wav", "a-3.wav"}) {
        auto const samples = read_wav(dir / name);
        CHECK(samples.size() <= 2000);
        joined.insert(joined.end(), samples.begin(), samples.end());
    }
    CHECK(joined == all);
}

TEST_CASE("outside an engine, and at another file or sample rate, takes end in their own files") {
    folder dir;
    auto const in = noise(600);
    {
        recorder r(dir / "a.wav");
        r.set_param(0, 1);
        std::size_t at = 0;
        auto const run = [&](std::size_t n) {
            for (std::size_t i = 0; i < n; ++i) {
                r.set_input(0, in[at++]);
                r.update();
            }
        };
        run(100);
        r.set_samplerate(44100);
        run(200);
        r.load_state(dir / "b.wav");
        CHECK(read_wav(dir / "a.wav") == part(in, 0, 100));
        CHECK(read_wav(dir / "a-2.wav") == part(in, 100, 300));
        CHECK(audio::wav_reader(dir / "a-2.wav").format().sample_rate == 44100);
        CHECK(r.written() == 0);
        run(300);
        CHECK_FALSE(std::filesystem::exists(dir / "b.wav"));
    }
    CHECK(read_wav(dir / "b.wav") == part(in, 300, 600));
    CHECK_THROWS_WITH_AS(recorder(dir / "c.wav", {.buffer = 15}), "a recorder's buffer must have 16 frames at least",
                         std::invalid_argument);
    CHECK_THROWS_AS(recorder(dir / "c.wav", {.file_size = 31}), std::invalid_argument);
}

TEST_CASE("in real time, nothing is lost while the ring has room, and a module may go while its action runs") {
    folder dir;
    auto const pool = make_pool();
    auto const in = noise(16 * 1024);
    for (int round = 0; round < 30; ++round) {
        audio::engine e({.runners = pool});
        // Less in all than the ring holds, far more than is written at once.
        e.load(recorder_patch(dir / "a.wav", 1));
        e.prepare(48000, 64);
        process(e, {in, pulse(in.size(), 0, in.size())});
        auto const& r = e.at<recorder>(1);
        if (round % 2 == 0) CHECK(eventually([&] { return r.recording(); }));
        CHECK(r.lost() == 0);
        e.unload();
        CHECK(read_wav(dir / "a.wav") == in);
    }
}

TEST_CASE("a recorder under the timer writes what a noise module made") {
    folder dir;
    audio::patch p("timer");
    unsigned const n = p.add<audio::noise>("noise", 3u), r = p.add<recorder>("recorder", dir / "a.wav");
    p.connect({n, 0}, {r, 0});
    p.set_knob(r, 0, 1);
    p.map_output({r, 0}, 0);
    audio::engine e({.runners = make_pool()});
    e.load(p);
    {
        audio::timer_driver driver(e, {.block = 64});
        capture port;
        port.samples.reserve(12'800);
        driver.start(port, 12'800);
        driver.wait();
        CHECK(eventually([&] { return e.at<recorder>(r).recording(); }));
    }
    CHECK(e.at<recorder>(r).lost() == 0);
    e.unload();
    auto const samples = read_wav(dir / "a.wav");
    REQUIRE(samples.size() == 12'800);
    audio::noise same(3);
    bool equal = samples[0] == 0;  // the cable's delay
    for (std::size_t i = 1; i < samples.size(); ++i) {
        same.update();
        equal = equal && samples[i] == same.get_output(0);
    }
    CHECK(equal);
}
