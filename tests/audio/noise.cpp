// Noise: the standard's sequence, the seed, the level.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "support.hpp"

using namespace support;

TEST_CASE("noise is the sequence that the standard prescribes, scaled to -1 .. 1") {
    audio::noise n(5489);  // the standard's seed, of which it names the 10000th number: 4123659995
    for (int i = 0; i < 10000; ++i) n.update();
    CHECK(n.get_output(0) == static_cast<float>((4123659995u >> 8) / 8388608.0 - 1));
    CHECK(n.get_output(1) == 0);
}

TEST_CASE("noise is even, white, and without a mean, in its first million") {
    audio::noise n;
    constexpr int count = 1'000'000;
    double sum = 0, squares = 0, neighbours = 0;
    float before = 0, least = 2, most = -2;
    for (int i = 0; i < count; ++i) {
        n.update();
        float const x = n.get_output(0);
        sum += static_cast<double>(x);
        squares += static_cast<double>(x) * static_cast<double>(x);
        neighbours += static_cast<double>(x) * static_cast<double>(before);
        least = std::min(least, x);
        most = std::max(most, x);
        before = x;
    }
    // Each within five standard deviations of what it should be: 1/3 is the variance.
    CHECK(std::abs(sum / count) < 5 * std::sqrt(1 / 3.0 / count));
    CHECK(std::abs(squares / count - 1 / 3.0) < 5 * std::sqrt(4 / 45.0 / count));
    CHECK(std::abs(neighbours / count) < 5 * (1 / 3.0) / std::sqrt(count));
    CHECK(least >= -1);
    CHECK(least < -0.9999f);
    CHECK(most < 1);
    CHECK(most > 0.9999f);
}

TEST_CASE("a patch gives noise its seed and level; the same seed gives the same") {
    audio::patch p("noise");
    unsigned const a = p.add("hocket:Noise"), b = p.add<audio::noise>("b", 7u), c = p.add("hocket:Noise");
    p.set_state(a, "7");
    p.set_knob(b, 0, 0.25f);
    for (unsigned const m : {a, b, c}) p.map_output({m, 0}, static_cast<int>(m) - 1);
    audio::engine e({.runners = make_pool()});
    e.load(p);
    auto const samples = render(e, 1000);
    bool quarter = true, other = false;
    for (std::size_t i = 0; i < samples.size(); i += 3) {
        quarter = quarter && samples[i + 1] == samples[i] / 4;
        other = other || samples[i + 2] != samples[i];
    }
    CHECK(quarter);
    CHECK(other);
    CHECK(e.at(a).save_state() == "7");
    CHECK(e.at(c).save_state() == "1");
    CHECK(e.at(b).get_param(0) == 0.25f);
    e.load(p);
    CHECK(render(e, 1000) == samples);

    for (char const* const seed : {"", "x", "-1", "7 ", "4294967296", "1.5"}) {
        p.set_state(a, seed);
        CHECK_THROWS_WITH_AS(e.load(p),
                             ("patch 'noise': module 1 (hocket:Noise) cannot be built: the state of a noise module is "
                              "its seed, a whole number from 0 to 4294967295, not '" +
                              std::string(seed) + "'")
                                 .c_str(),
                             audio::load_error);
    }
}
