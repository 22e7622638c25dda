// The analyser: sines are found where they are, as loud as they are; what it finds can be heard, and read meanwhile.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <thread>

#include "support.hpp"

using namespace support;
using audio::analyser;

namespace {

std::vector<float> sine(std::size_t count, double frequency, float amplitude = 1, double rate = 48000) {
    std::vector<float> result(count);
    for (std::size_t i = 0; i < count; ++i)
        result[i] =
            amplitude * static_cast<float>(std::sin(2 * std::numbers::pi * frequency * static_cast<double>(i) / rate));
    return result;
}

audio::patch analyser_patch(std::size_t window) {
    audio::patch p("analyser");
    unsigned const a = p.add<analyser>("analyser", window);
    p.map_input(0, {a, 0});
    p.map_output({a, 0}, 0);
    p.map_output({a, 1}, 1);
    return p;
}

std::string display(audio::module& m) {
    std::array<char, 64> text{};
    return {text.data(), m.get_display_text(0, text)};
}

}  // namespace

TEST_CASE("a sine in the middle of a bin is that bin, with its amplitude, and nothing elsewhere") {
    for (std::size_t const window : {64u, 1024u, 4096u})
        for (std::size_t const top : {std::size_t{2}, window / 8, window / 2 - 3}) {
            CAPTURE(window);
            CAPTURE(top);
            double const frequency = static_cast<double>(top) * 48000 / static_cast<double>(window);
            audio::engine e({.runners = make_pool()});
            e.load(analyser_patch(window));
            tape t({sine(3 * window, frequency, 0.5f)});
            audio::freewheel_driver driver(e);
            driver.render(3 * window + 24, t);
            auto const& a = e.at<analyser>(1);
            REQUIRE(a.bins() == window / 2 + 1);
            std::vector<float> spectrum(a.bins() + 5, -1.f);
            CHECK(a.spectrum(spectrum) == a.bins());
            CHECK(spectrum.back() == -1);
            spectrum.resize(a.bins());
            CHECK(std::max_element(spectrum.begin(), spectrum.end()) - spectrum.begin() ==
                  static_cast<std::ptrdiff_t>(top));
            CHECK(std::abs(spectrum[top] - 0.5f) < 1e-4f);
            // Hann's window: half beside the top, then nothing.
            CHECK(std::abs(spectrum[top + 1] - 0.25f) < 1e-4f);
            for (std::size_t i = 0; i < spectrum.size(); ++i)
                if (i + 2 <= top || i >= top + 2) CHECK(spectrum[i] < 1e-4f);
            CHECK(std::abs(static_cast<double>(a.peak_frequency()) - frequency) <
                  0.01 * 48000 / static_cast<double>(window));
            CHECK(a.windows() == 6);
            CHECK(a.lost() == 0);
            CHECK(std::abs(t.out[0].back() - std::log2(a.peak_frequency() / 440)) < 1e-6f);
            CHECK(t.out[1].back() == a.peak_amplitude());
        }
}

TEST_CASE("between bins the frequency is found to a hundredth of their distance, and the amplitude") {
    for (double const frequency : {100.0, 440.0, 445.5, 1234.5, 9876.0}) {
        CAPTURE(frequency);
        audio::engine e({.runners = make_pool()});
        e.load(analyser_patch(2048));
        tape t({sine(8192, frequency, 0.8f, 44100)});
        audio::freewheel_driver driver(e, {.sample_rate = 44100});
        driver.render(8192, t);
        auto& a = e.at<analyser>(1);
        double const apart = 44100 / 2048.0;
        CHECK(std::abs(static_cast<double>(a.peak_frequency()) - frequency) < 0.01 * apart);
        CHECK(std::abs(a.peak_amplitude() - 0.8f) < 0.004f);
        std::array<char, 32> text{};
        std::snprintf(text.data(), text.size(), "%.1f Hz", static_cast<double>(a.peak_frequency()));
        CHECK(display(a) == text.data());
        CHECK(a.get_display_text(1, text) == 0);
        CHECK(a.get_display_text(0, std::span(text).first(3)) == 3);
    }
}

TEST_CASE("in silence the amplitude falls to 0, and the pitch stays") {
    audio::engine e({.runners = make_pool()});
    e.load(analyser_patch(1024));
    auto& a = e.at<analyser>(1);
    audio::freewheel_driver driver(e);
    tape t({sine(4096, 880, 1)});
    CHECK(display(a).empty());
    driver.render(256, t);
    CHECK(t.out[0].back() == 0);
    CHECK(t.out[1].back() == 0);
    driver.render(7000, t);
    CHECK(a.peak_amplitude() == 0);
    CHECK(t.out[1].back() == 0);
    CHECK(std::abs(t.out[0].back() - 1) < 0.02f);
    CHECK(display(a).find("Hz") != std::string::npos);
}

TEST_CASE("an oscillator follows what the analyser hears") {
    audio::patch p("follow");
    unsigned const lead = p.add<audio::oscillator>("lead", 1000.0), ear = p.add<analyser>("ear", std::size_t{4096}),
                   voice = p.add<audio::oscillator>("voice", 440.0),
                   second = p.add<analyser>("second", std::size_t{4096});
    p.connect({lead, 0}, {ear, 0});
    p.connect({ear, 0}, {voice, 0});
    p.connect({voice, 0}, {second, 0});
    audio::engine e({.runners = make_pool()});
    e.load(p);
    render(e, 30'000);
    CHECK(std::abs(e.at<analyser>(second).peak_frequency() - 1000) < 0.5f);
}

TEST_CASE("a full ring loses half windows, and counts them") {
    audio::engine e({.runners = make_pool()});
    e.load(analyser_patch(64));
    e.prepare(48000, 64, audio::tick_source::audio_time);
    for (int i = 0; i < 10; ++i) e.process({}, {}, 64);
    auto const& a = e.at<analyser>(1);
    CHECK(a.windows() == 0);
    CHECK(a.lost() == 20 - 8);  // the ring holds four windows
    e.tick();
    CHECK(a.windows() == 8);
}

TEST_CASE("windows that cannot be are refused") {
    CHECK_THROWS_WITH_AS(analyser(1000), "an analyser's window is a power of two from 64 to 65536, not 1000",
                         std::invalid_argument);
    CHECK_THROWS_AS(analyser(32), std::invalid_argument);
    CHECK_THROWS_AS(analyser(131072), std::invalid_argument);
}

TEST_CASE("in real time anybody may read, each time one window whole, and the module may go") {
    auto const pool = make_pool();
    for (int round = 0; round < 10; ++round) {
        audio::engine e({.runners = pool});
        e.load(analyser_patch(256));
        e.prepare(48000, 64);
        auto& a = e.at<analyser>(1);
        // 3000 Hz are bin 16, and four periods of it a block: lost half windows leave no seam.
        spinner const driver(e, {sine(64, 3000)});
        bool whole = true;
        auto const read = [&] {
            std::vector<float> spectrum(a.bins());
            for (int i = 0; i < 200; ++i) {
                a.spectrum(spectrum);
                whole = whole && std::abs(spectrum[16] - 1) < 1e-3f && std::abs(spectrum[17] - 0.5f) < 1e-3f;
                static_cast<void>(display(a));
            }
        };
        CHECK(eventually([&] { return a.windows() > 2; }));
        std::thread other([&] {
            for (int i = 0; i < 200; ++i) static_cast<void>(a.peak_frequency() + a.peak_amplitude());
        });
        read();
        other.join();
        CHECK(whole);
        if (round % 2 == 0) e.unload();
    }
}
