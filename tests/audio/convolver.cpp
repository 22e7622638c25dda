// The convolver against convolution as it is defined; responses that come, change and fail while audio runs.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "support.hpp"

using namespace support;
using audio::convolver;

namespace {

audio::patch convolver_patch(std::string const& path, std::size_t partition = 256) {
    audio::patch p("convolver");
    unsigned const c = p.add<convolver>("convolver", partition);
    p.set_state(c, path);
    p.map_input(0, {c, 0});
    p.map_output({c, 0}, 0);
    p.map_output({c, 1}, 1);
    return p;
}

// The definition, in double; channel `c` of `channels` of the response.
std::vector<double> convolved(std::vector<float> const& in, std::vector<float> const& response, unsigned channels = 1,
                              unsigned c = 0) {
    std::vector<double> out(in.size());
    for (std::size_t n = 0; n < in.size(); ++n)
        for (std::size_t k = 0; k * channels + c < response.size() && k <= n; ++k)
            out[n] += static_cast<double>(in[n - k]) * static_cast<double>(response[k * channels + c]);
    return out;
}

// The largest difference between `out`, late by `latency`, and `expected`, from sample `begin` of that on; in units of
// the response's energy, which a sum of so many roundings grows with.
double error(std::vector<float> const& out, std::vector<double> const& expected, std::size_t latency,
             std::vector<float> const& response, std::size_t begin = 0) {
    double energy = 0, worst = 0;
    for (float const h : response) energy += static_cast<double>(h) * static_cast<double>(h);
    for (std::size_t i = begin; i + latency < out.size() && i < expected.size(); ++i)
        worst = std::max(worst, std::abs(static_cast<double>(out[i + latency]) - expected[i]));
    return worst / std::sqrt(energy);
}

constexpr double rounding = 1e-5;

}  // namespace

TEST_CASE("it is the convolution, late by one partition, whatever the partition and the response's length") {
    folder dir;
    auto const in = noise(6000, 7);
    for (std::size_t const partition : {16u, 64u, 256u, 1024u})
        for (std::size_t const length : {std::size_t{1}, partition - 1, partition, partition + 1, std::size_t{3000}}) {
            CAPTURE(partition);
            CAPTURE(length);
            auto const response = noise(length, 3);
            write_wav(dir / "h.wav", response, {});
            audio::engine e({.runners = make_pool()});
            e.load(convolver_patch(dir / "h.wav", partition));
            CHECK(e.at<convolver>(1).latency() == partition);
            tape t({in});
            audio::freewheel_driver driver(e, {.block = 37});
            driver.render(6000, t);
            CHECK(e.at<convolver>(1).frames() == length);
            CHECK(std::all_of(t.out[0].begin(), t.out[0].begin() + static_cast<std::ptrdiff_t>(partition),
                              [](float x) { return x == 0; }));
            CHECK(error(t.out[0], convolved(in, response), partition, response) < rounding);
            CHECK(t.out[0] == t.out[1]);
        }
}

TEST_CASE("two channels are two responses; mix and level") {
    folder dir;
    auto const in = noise(4000, 7), response = noise(2 * 1500, 5);
    write_wav(dir / "h.wav", response, {.channels = 2});
    auto p = convolver_patch(dir / "h.wav", 128);
    audio::engine e({.runners = make_pool()});
    e.load(p);
    tape wet({in});
    {
        audio::freewheel_driver driver(e);
        driver.render(4000, wet);
    }
    for (unsigned c = 0; c < 2; ++c) {
        CAPTURE(c);
        CHECK(error(wet.out[c], convolved(in, response, 2, c), 128, response) < rounding);
    }
    p.set_knob(1, 0, 0.25f);
    p.set_knob(1, 1, 0.5f);
    e.load(p);
    tape mixed({in});
    audio::freewheel_driver driver(e);
    driver.render(4000, mixed);
    bool same = true;
    for (std::size_t c = 0; c < 2; ++c)
        for (std::size_t i = 0; i < 4000; ++i)
            same = same && mixed.out[c][i] == ((i >= 128 ? in[i - 128] * 0.75f : 0) + wet.out[c][i] * 0.25f) * 0.5f;
    CHECK(same);
    CHECK(e.at(1).get_param(0) == 0.25f);
    CHECK(e.at(1).get_param(1) == 0.5f);
}

TEST_CASE("without a response there is only what is not mixed away") {
    auto const in = noise(1000);
    for (float const mix : {0.f, 1.f}) {
        audio::patch p("dry");
        unsigned const c = p.add("hocket:Convolver");
        p.map_input(0, {c, 0});
        p.map_output({c, 0}, 0);
        p.set_knob(c, 0, mix);
        audio::engine e({.runners = make_pool()});
        e.load(p);
        tape t({in});
        audio::freewheel_driver driver(e);
        driver.render(1000, t);
        bool same = true;
        for (std::size_t i = 0; i < 1000; ++i) same = same && t.out[0][i] == (mix == 0 && i >= 256 ? in[i - 256] : 0);
        CHECK(same);
    }
}

TEST_CASE("another response takes over while audio runs, the same way twice; a missing one changes nothing") {
    log_capture log;
    folder dir;
    auto const in = noise(12'000, 7), first = noise(2000, 3), second = noise(1000, 5);
    write_wav(dir / "a.wav", first, {});
    write_wav(dir / "b.wav", second, {});
    std::vector<float> before;
    for (int round = 0; round < 2; ++round) {
        audio::engine e({.runners = make_pool()});
        e.load(convolver_patch(dir / "a.wav", 64));
        auto& c = e.at<convolver>(1);
        tape t({in});
        audio::freewheel_driver driver(e);
        driver.render(3000, t);
        c.load(dir / "none.wav");
        driver.render(3000, t);
        CHECK(c.failure() == "cannot open '" + (dir / "none.wav") + "': No such file or directory");
        CHECK(c.save_state() == dir / "a.wav");
        CHECK(error(t.out[0], convolved(in, first), 64, first) < rounding);
        c.load(dir / "b.wav");
        driver.render(6000, t);
        CHECK(c.frames() == 1000);
        CHECK(c.save_state() == dir / "b.wav");
        CHECK(error(t.out[0], convolved(in, second), 64, second, 6000 + 1000 + 2 * 64) < rounding);
        if (round == 1) CHECK(t.out[0] == before);
        before = t.out[0];
    }
}

TEST_CASE("a response that is none refuses to load, in a sentence") {
    folder dir;
    auto const refusal = [&](std::string const& name) {
        audio::engine e({.runners = make_pool()});
        try {
            e.load(convolver_patch(dir / name));
        } catch (audio::load_error const& x) {
            return std::string(x.what());
        }
        return std::string("(it loaded)");
    };
    std::string const begin = "patch 'convolver': module 1 (convolver) cannot be built: ";
    CHECK(refusal("none.wav") == begin + "cannot open '" + (dir / "none.wav") + "': No such file or directory");
    write_wav(dir / "three.wav", noise(30), {.channels = 3});
    CHECK(refusal("three.wav") == begin + "'" + (dir / "three.wav") + "' has 3 channels; a response has at most 2");
    write_wav(dir / "empty.wav", {}, {});
    CHECK(refusal("empty.wav") == begin + "'" + (dir / "empty.wav") + "' has 0 frames; a response has 1 to 480000");
    write_wav(dir / "long.wav", noise(480'001), {});
    CHECK(refusal("long.wav") == begin + "'" + (dir / "long.wav") + "' has 480001 frames; a response has 1 to 480000");
    convolver small(16);
    write_wav(dir / "a.wav", noise(2048 * 16), {});
    small.load_state(dir / "a.wav");
    write_wav(dir / "a.wav", noise(2048 * 16 + 1), {});
    CHECK_THROWS_WITH_AS(small.load_state(dir / "a.wav"),
                         ("'" + (dir / "a.wav") + "' has 32769 frames; a response has 1 to 32768").c_str(),
                         audio::wav_error);
    CHECK_THROWS_WITH_AS(convolver(100), "a convolver's partition is a power of two from 16 to 16384, not 100",
                         std::invalid_argument);
    CHECK_THROWS_AS(convolver(8), std::invalid_argument);
    CHECK_THROWS_AS(convolver(32768), std::invalid_argument);
}

TEST_CASE("responses come and go in real time, and the module may be destroyed while its action runs") {
    folder dir;
    write_wav(dir / "a.wav", noise(50'000, 3), {});
    write_wav(dir / "b.wav", noise(2 * 9000, 5), {.channels = 2});
    auto const pool = make_pool();
    bool finite = true;
    for (int round = 0; round < 10; ++round) {
        audio::engine e({.runners = pool});
        e.load(convolver_patch(dir / "a.wav"));
        e.prepare(48000, 64);
        auto& c = e.at<convolver>(1);
        spinner driver(e, {noise(64)});
        for (int i = 0; i < 4; ++i) {
            std::uint64_t const frames = i % 2 == 0 ? 9000 : 50'000;
            c.load(dir / (i % 2 == 0 ? "b.wav" : "a.wav"));
            if (round % 2 == 0) CHECK(eventually([&] { return c.frames() == frames; }));
        }
        for (float const x : driver.heard()) finite = finite && std::isfinite(x);
        e.unload();
    }
    CHECK(finite);
}
