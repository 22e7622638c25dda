// The looper: what was recorded comes again, sample for sample; memory and files come and go beside it.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <functional>

#include "limits.hpp"
#include "support.hpp"

using namespace support;
using audio::looper;

namespace {

// Panel inputs 0: left, 1: record gate, 2: overdub gate, and 3: right if stereo. Both outputs to the panel.
audio::patch looper_patch(double seconds = 60, bool stereo = false) {
    audio::patch p("looper");
    unsigned const l = p.add<looper>("looper", seconds);
    p.map_input(0, {l, 0});
    p.map_input(1, {l, 2});
    p.map_input(2, {l, 3});
    if (stereo) p.map_input(3, {l, 1});
    p.map_output({l, 0}, 0);
    p.map_output({l, 1}, 1);
    return p;
}

std::vector<float> constant(std::size_t count, float value) { return std::vector<float>(count, value); }

}  // namespace

TEST_CASE("what is recorded plays again and again, and overdubs are added") {
    for (bool const stereo : {false, true})
        for (unsigned const block : {19u, 64u}) {
            auto const left = noise(8000, 1), right = noise(8000, 2);
            tape t({left, pulse(8000, 100, 1100), pulse(8000, 3100, 3600), right});
            audio::engine e({.runners = make_pool()});
            e.load(looper_patch(1, stereo));
            audio::freewheel_driver driver(e, {.block = block});
            driver.render(8000, t);
            CHECK(e.at<looper>(1).frames() == 1000);
            std::vector<std::vector<float>> loop(2), expected(2, std::vector<float>(8000));
            for (int c = 0; c < 2; ++c) {
                auto const& in = c == 1 && stereo ? right : left;
                auto& l = loop[static_cast<std::size_t>(c)];
                l.assign(in.begin() + 100, in.begin() + 1100);
                for (std::size_t i = 1100; i < 8000; ++i) {
                    float& sample = l[(i - 1100) % 1000];
                    expected[static_cast<std::size_t>(c)][i] = sample;
                    if (i >= 3100 && i < 3600) sample += in[i];
                }
            }
            CHECK(t.out == expected);
        }
}

TEST_CASE("a full memory ends the recording, until record has been let go; a new recording replaces the loop") {
    auto const in = noise(4000);
    auto gate = pulse(4000, 0, 2000);
    std::fill_n(gate.begin() + 2100, 200, 1.f);
    tape t({in, gate});
    audio::engine e({.runners = make_pool()});
    e.load(looper_patch(0.01));  // 480 frames
    audio::freewheel_driver driver(e);
    driver.render(4000, t);
    std::vector<float> expected(4000);
    for (std::size_t i = 480; i < 2100; ++i) expected[i] = in[i % 480];
    for (std::size_t i = 2300; i < 4000; ++i) expected[i] = in[2100 + (i - 2300) % 200];
    CHECK(t.out[0] == expected);
}

TEST_CASE("knobs: play begins at the first frame, level scales, record and overdub do without gates") {
    folder dir;
    auto const in = noise(300);
    write_wav(dir / "a.wav", in, {});
    auto p = looper_patch();
    p.set_state(1, dir / "a.wav");
    p.set_knob(1, 1, 0);
    p.set_knob(1, 3, 0.5f);
    audio::engine e({.runners = make_pool()});
    e.load(p);
    audio::freewheel_driver driver(e);
    tape t({constant(1000, 0.25f)});
    audio::module& l = e.at(1);
    driver.render(50, t);
    l.set_param(1, 1);
    driver.render(100, t);
    l.set_param(1, 0.25f);
    driver.render(50, t);
    l.set_param(1, 1);
    l.set_param(3, 1);
    l.set_param(2, 1);
    driver.render(300, t);
    l.set_param(2, 0);
    driver.render(300, t);
    l.set_param(0, 1);
    driver.render(10, t);
    l.set_param(0, 0);
    driver.render(10, t);
    std::vector<float> expected(820);
    for (std::size_t i = 0; i < 100; ++i) expected[50 + i] = in[i] / 2;
    for (std::size_t i = 0; i < 300; ++i) {
        expected[200 + i] = in[i];
        expected[500 + i] = in[i] + 0.25f;
    }
    std::fill_n(expected.begin() + 810, 10, 0.25f);
    CHECK(t.out[0] == expected);
    CHECK(l.get_param(3) == 1);
    CHECK(l.get_param(6) == 0);
    CHECK(l.get_param(-1) == 0);
}

TEST_CASE("a loop is loaded from a file of one or two channels, and is there with the first sample") {
    folder dir;
    for (unsigned const channels : {1u, 2u}) {
        auto const in = noise(500 * channels);
        write_wav(dir / "a.wav", in, {.channels = channels});
        auto p = looper_patch();
        p.set_state(1, dir / "a.wav");
        audio::engine e({.runners = make_pool()});
        e.load(p);
        tape t({});
        audio::freewheel_driver driver(e);
        driver.render(1200, t);
        bool same = true;
        for (std::size_t i = 0; i < 1200; ++i)
            for (unsigned c = 0; c < 2; ++c) same = same && t.out[c][i] == in[i % 500 * channels + c * (channels - 1)];
        CHECK(same);
        CHECK(e.at<looper>(1).loads() == 1);
        CHECK(e.at(1).save_state() == dir / "a.wav");
    }
}

TEST_CASE("a loop is saved by the knob and by control, plays on meanwhile, and another engine plays the file") {
    folder dir;
    auto const in = noise(8000);
    auto p = looper_patch();
    p.set_state(1, dir / "a.wav");  // not there yet
    {
        audio::engine e({.runners = make_pool()});
        e.load(p);
        auto& l = e.at<looper>(1);
        audio::freewheel_driver driver(e, {.sample_rate = 44100});
        tape t({in, pulse(8000, 0, 1000)});
        driver.render(1500, t);
        l.set_param(5, 1);
        driver.render(1500, t);
        CHECK(l.saves() == 1);
        CHECK(l.failure().empty());
        std::vector<float> saved;
        for (std::size_t i = 0; i < 1000; ++i) saved.insert(saved.end(), 2, in[i]);
        CHECK(read_wav(dir / "a.wav") == saved);
        CHECK(audio::wav_reader(dir / "a.wav").format().sample_rate == 44100);
        l.save(dir / "b.wav");
        driver.render(1000, t);
        CHECK(l.saves() == 2);
        CHECK(bytes_of(dir / "a.wav") == bytes_of(dir / "b.wav"));
        CHECK(l.save_state() == dir / "b.wav");
        bool same = true;
        for (std::size_t i = 1000; i < 4000; ++i) same = same && t.out[0][i] == in[i % 1000];
        CHECK(same);
        CHECK_FALSE(std::filesystem::exists(dir / "b.wav.part"));
    }
    audio::engine e({.runners = make_pool()});
    e.load(p);
    tape t({});
    audio::freewheel_driver driver(e);
    driver.render(2000, t);
    bool same = true;
    for (std::size_t i = 0; i < 2000; ++i) same = same && t.out[1][i] == in[i % 1000];
    CHECK(same);
}

TEST_CASE("a save waits for the end of the recording; recording waits for the end of the save") {
    folder dir;
    auto const in = noise(3000);
    audio::engine e({.runners = make_pool()});
    e.load(looper_patch());
    auto& l = e.at<looper>(1);
    audio::freewheel_driver driver(e);
    auto gate = pulse(3000, 0, 1000);
    std::fill(gate.begin() + 1010, gate.begin() + 1100, 1.f);
    tape t({in, gate});
    driver.render(500, t);
    l.save(dir / "a.wav");
    driver.render(500, t);
    CHECK(l.saves() == 0);
    // Ends at 1000, is frozen there, saved at the tick before 1008.
    driver.render(2000, t);
    CHECK(l.saves() == 1);
    CHECK(read_wav(dir / "a.wav").size() == 2000);
    CHECK(l.frames() == 90);

    // Frozen at 3000, freed at the tick there: so at 3001, when the file is read in the frames after that.
    l.save(dir / "b.wav");
    tape late({in, constant(100, 1)});
    driver.render(1, late);   // froze; its tick was before
    driver.render(99, late);  // the tick before 3024 saves, and the recording begins there
    CHECK(l.saves() == 2);
    tape end({});
    driver.render(1, end);
    CHECK(l.frames() == 100 - 24);
    CHECK(end.out[0][0] == in[24]);
}

TEST_CASE("loads and saves that fail say so, and leave loop and file as they were") {
    log_capture log;
    folder dir;
    auto const in = noise(20'000);
    write_wav(dir / "a.wav", in, {});
    write_wav(dir / "three.wav", noise(30), {.channels = 3});
    write_wav(dir / "long.wav", noise(30'000), {});
    std::ofstream(dir / "text.wav") << "not a sound";
    auto p = looper_patch(0.5);  // 24000 frames
    p.set_state(1, dir / "a.wav");
    audio::engine e({.runners = make_pool()});
    e.load(p);
    auto& l = e.at<looper>(1);
    audio::freewheel_driver driver(e);
    tape t({});
    driver.render(100, t);
    l.load(dir / "none.wav");
    driver.render(100, t);
    CHECK(l.failure() == "cannot open '" + (dir / "none.wav") + "': No such file or directory");
    l.load(dir / "three.wav");
    driver.render(100, t);
    CHECK(l.failure() == "'" + (dir / "three.wav") + "' has 3 channels; a looper has 2");
    l.load(dir / "long.wav");
    driver.render(100, t);
    CHECK(l.failure() == "'" + (dir / "long.wav") + "' has 30000 frames; the looper has memory for 24000");
    l.save(dir / "no/a.wav");
    driver.render(100, t);
    CHECK(l.failure() == "cannot write '" + (dir / "no/a.wav.part") + "': No such file or directory");
    auto const before = bytes_of(dir / "a.wav");
    {
        file_size_limit const limit(50'000);
        l.save(dir / "a.wav");
        driver.render(100, t);
    }
    CHECK(l.failure().find("cannot write '" + (dir / "a.wav.part") + "': ") == 0);
    CHECK(bytes_of(dir / "a.wav") == before);
    CHECK_FALSE(std::filesystem::exists(dir / "a.wav.part"));
    CHECK(l.saves() == 0);
    CHECK(l.loads() == 1);
    CHECK(l.save_state() == dir / "a.wav");
    CHECK(e.stats().async_failures == 5);
    CHECK(t.out[0] == std::vector<float>(in.begin(), in.begin() + 600));
    CHECK(log.text().find("'module 1 (looper) thread 0' threw") != std::string::npos);

    p.set_state(1, dir / "text.wav");
    CHECK_THROWS_WITH_AS(
        e.load(p),
        ("patch 'looper': module 1 (looper) cannot be built: '" + (dir / "text.wav") + "' is not a WAV file").c_str(),
        audio::load_error);
    CHECK_THROWS_WITH_AS(looper(0), "a looper has memory for 0.001 to 3600 seconds, not 0.000000",
                         std::invalid_argument);
    CHECK_THROWS_AS(looper(4000), std::invalid_argument);
}

TEST_CASE("an empty loop cannot be saved, nor one without a file") {
    log_capture log;
    folder dir;
    audio::engine e({.runners = make_pool()});
    e.load(looper_patch());
    auto& l = e.at<looper>(1);
    audio::freewheel_driver driver(e);
    tape t({});
    driver.render(30, t);
    l.save(dir / "a.wav");
    driver.render(30, t);
    CHECK(l.failure() == "cannot save a loop to '" + (dir / "a.wav") + "': it is empty");
    l.set_param(5, 1);
    driver.render(30, t);
    CHECK(l.failure() == "a loop cannot be saved: no file has been named");
    l.set_param(4, 1);
    driver.render(30, t);
    CHECK(l.failure() == "a loop cannot be loaded: no file has been named");
    CHECK_FALSE(std::filesystem::exists(dir / "a.wav"));
}

TEST_CASE("the load knob brings the file's loop back") {
    folder dir;
    auto const in = noise(200);
    write_wav(dir / "a.wav", in, {});
    auto p = looper_patch();
    p.set_state(1, dir / "a.wav");
    audio::engine e({.runners = make_pool()});
    e.load(p);
    audio::freewheel_driver driver(e);
    tape t({constant(500, 1), pulse(500, 0, 0), pulse(500, 0, 400)});
    driver.render(500, t);
    CHECK(t.out[0][450] == in[50] + 2);
    e.at(1).set_param(4, 1);
    tape fresh({});
    driver.render(400, fresh);  // the next tick is before frame 504
    CHECK(fresh.out[0][4] == in[0]);
    CHECK(std::equal(in.begin(), in.end(), fresh.out[0].begin() + 4));
    CHECK(e.at<looper>(1).loads() == 2);
}

TEST_CASE("a save that has been asked for is made before the module is gone, or its state another") {
    folder dir;
    auto const in = noise(1000);
    audio::engine e({.runners = make_pool()});
    e.load(looper_patch());
    auto& l = e.at<looper>(1);
    {
        tape t({in, pulse(1000, 0, 500)});
        audio::freewheel_driver driver(e);
        driver.render(1000, t);
    }
    l.save(dir / "a.wav");
    l.load_state(dir / "b.wav");
    CHECK(read_wav(dir / "a.wav").size() == 1000);
    CHECK(l.frames() == 0);
    {
        tape t({in, constant(1000, 1)});
        audio::freewheel_driver driver(e);
        driver.render(700, t);
    }
    l.save(dir / "b.wav");
    e.unload();
    auto const saved = read_wav(dir / "b.wav");
    CHECK(saved.size() >= 2 * 676);  // at least from the first tick on
    CHECK(saved[0] == in[700 - saved.size() / 2]);
}

TEST_CASE("saved while it is overdubbed in real time, the file is the loop of one moment") {
    folder dir;
    // Every pass adds one: at any moment the frames that this pass has been over are one more than the rest.
    write_wav(dir / "a.wav", constant(3000, 0), {});
    auto p = looper_patch();
    p.set_state(1, dir / "a.wav");
    audio::engine e({.runners = make_pool()});
    e.load(p);
    e.prepare(48000, 64);
    auto& l = e.at<looper>(1);
    spinner const driver(e, {constant(64, 1), constant(64, 0), constant(64, 1)});
    REQUIRE(eventually([&] { return l.frames() == 3000; }));
    std::vector<float> before;
    bool grows = true, both = true;
    for (std::uint64_t round = 1; round <= 20; ++round) {
        l.save(dir / "b.wav");
        REQUIRE(eventually([&] { return l.saves() >= round; }));
        auto const saved = read_wav(dir / "b.wav");
        REQUIRE(saved.size() == 6000);
        if (round == 1) {
            CHECK(saved.front() - saved.back() <= 1);
            CHECK(std::is_sorted(saved.rbegin(), saved.rend()));
        } else {
            // The frames that were played while the loop was frozen are one pass behind; none ever falls.
            grows = grows && std::equal(saved.begin(), saved.end(), before.begin(), std::greater_equal<>());
        }
        for (std::size_t i = 0; i < saved.size(); i += 2) both = both && saved[i] == saved[i + 1];
        before = saved;
    }
    CHECK(grows);
    CHECK(both);
    CHECK(before.front() > 0);
    CHECK(l.failure().empty());
}

TEST_CASE("loops come and go in real time, and the module may be destroyed while its action runs") {
    folder dir;
    write_wav(dir / "a.wav", constant(20'000, 0.25f), {});
    write_wav(dir / "b.wav", constant(20'000, 0.5f), {});
    auto const pool = make_pool();
    auto p = looper_patch(2);
    p.set_state(1, dir / "a.wav");
    bool known = true;
    for (int round = 0; round < 20; ++round) {
        audio::engine e({.runners = pool});
        e.load(p);
        e.prepare(48000, 64);
        auto& l = e.at<looper>(1);
        spinner driver(e, {});
        for (int i = 0; i < 5; ++i) {
            l.load(dir / (i % 2 == 0 ? "b.wav" : "a.wav"));
            if (round % 2 == 0) CHECK(eventually([&] { return l.loads() >= static_cast<std::uint64_t>(i + 1); }));
        }
        for (float const x : driver.heard()) known = known && (x == 0 || x == 0.25f || x == 0.5f);
        e.unload();
    }
    CHECK(known);
}
