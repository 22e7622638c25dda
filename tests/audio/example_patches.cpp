// The patches of examples/: all of them load, sound, sound the same twice, and need their AsyncThreads for it.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>

#include "audio/before_action.hpp"
#include "support.hpp"

using namespace support;

namespace {

constexpr char const* sounds = "/usr/share/sounds/alsa/";
constexpr std::uint64_t length = 96'000;  // frames, two seconds

std::vector<std::string> example_patches() {
    char const* const root = std::getenv("HOCKET_PATCHES");
    REQUIRE_MESSAGE(root != nullptr, "HOCKET_PATCHES names the folder");
    std::vector<std::string> all;
    for (auto const& entry : std::filesystem::directory_iterator(root))
        if (entry.path().extension() == ".yml") all.push_back(entry.path().string());
    std::sort(all.begin(), all.end());
    return all;
}

// A voice of a second: bursts of noise and of tones.
std::vector<float> voice() {
    auto samples = noise(48'000, 11);
    for (std::size_t i = 0; i < samples.size(); ++i) {
        bool const tone = i / 6000 % 2 == 1;
        if (tone) samples[i] = (i / 50 % 2 == 0 ? 0.5f : -0.5f);
        samples[i] *= 0.4f * static_cast<float>(6000 - i % 6000) / 6000;
    }
    return samples;
}

// The patch, with files of this test's own in place of those that it names; `written` are those it will write.
audio::patch open(std::string const& path, folder const& dir, std::set<std::string>& written) {
    std::vector<std::string> warnings;
    audio::patch_file file = audio::read_patch_file(path, &warnings);
    for (auto& state : file.states) {
        if (!state.data.ends_with(".wav")) continue;
        bool const read = state.data.starts_with(sounds);
        state.data = dir / std::filesystem::path(state.data).filename().string();
        if (read)
            write_wav(state.data, voice(), {});
        else
            written.insert(state.data);
    }
    audio::patch result = audio::to_patch(file, &warnings);
    CHECK(warnings == std::vector<std::string>());
    return result;
}

float loudest(std::vector<float> const& samples) {
    float most = 0;
    for (float const x : samples) most = std::max(most, std::abs(x));
    return most;
}

}  // namespace

TEST_CASE("every example patch sounds, twice and with any block the same bytes, and no action fails") {
    auto const all = example_patches();
    CHECK(all.size() >= 5);
    for (std::string const& path : all) {
        CAPTURE(path);
        std::vector<char> wav;
        std::vector<std::vector<char>> takes;
        for (unsigned const block : {64u, 64u, 19u}) {
            folder dir;
            std::set<std::string> written;
            audio::engine e({.runners = make_pool()});
            auto const p = open(path, dir, written);
            e.load(p);
            auto const samples = render(e, length, {.block = block});
            CHECK(loudest(samples) > 0.05f);
            CHECK(std::all_of(samples.begin(), samples.end(), [](float x) { return std::isfinite(x); }));
            CHECK(e.stats().async_calls > 0);
            CHECK(e.stats().async_failures == 0);
            e.unload();
            write_wav(dir / "out.wav", samples, {.channels = static_cast<unsigned>(p.panel_outputs())});
            if (wav.empty()) wav = bytes_of(dir / "out.wav");
            CHECK(bytes_of(dir / "out.wav") == wav);
            std::vector<std::vector<char>> now;
            for (std::string const& name : written) {
                CHECK(loudest(read_wav(name)) > 0.05f);
                now.push_back(bytes_of(name));
            }
            if (takes.empty()) takes = now;
            CHECK(takes == now);
        }
    }
}

namespace {

// Up to 5 ms, now and then: where an action is late has nothing to do with audio.
void be_late() {
    static std::atomic<std::uint32_t> state{1};
    std::uint32_t const x = state.fetch_add(0x9E3779B9u, std::memory_order_relaxed) * 0x85EBCA6Bu;
    if (x >> 27 == 0) std::this_thread::sleep_for(std::chrono::microseconds((x >> 8) % 5000));
}

struct lateness {
    lateness() { audio::detail::before_action = &be_late; }
    ~lateness() { audio::detail::before_action = nullptr; }
};

}  // namespace

TEST_CASE("every example patch is rendered to the same bytes twenty times, on any runners, contexts, blocks, however late") {
#if defined(HOCKET_TSAN) || defined(HOCKET_ASAN)
    constexpr std::uint64_t part = 6'000;
#else
    constexpr std::uint64_t part = 24'000;
#endif
    for (std::string const& path : example_patches()) {
        CAPTURE(path);
        std::vector<float> first;
        for (unsigned take = 0; take < 20; ++take) {
            CAPTURE(take);
            folder dir;
            std::set<std::string> written;
            auto const context = take % 2 == 0 ? hocket::context_backend::native : hocket::context_backend::boost;
            audio::engine e({.runners = make_pool(1 + take / 2 % 2, context)});
            e.load(open(path, dir, written));
            std::optional<lateness> late;
            if (take % 5 != 0) late.emplace();
            auto const samples = render(e, part, {.block = std::array{1u, 17u, 64u, 512u}[take / 4 % 4]});
            if (take == 0) first = samples;
            CHECK(samples.size() == first.size());
            CHECK(samples == first);
        }
        CHECK(loudest(first) > 0);
    }
}

TEST_CASE("without AsyncThreads every example patch sounds otherwise") {
    for (std::string const& path : example_patches()) {
        CAPTURE(path);
        folder dir;
        std::set<std::string> written;
        audio::engine e({.runners = make_pool()});
        auto const p = open(path, dir, written);
        e.load(p);
        auto const with = render(e, length);
        e.load(p);
        e.prepare(48000, 64, audio::tick_source::audio_time);
        capture without;
        std::vector<std::vector<float>> rows(e.panel_outputs(), std::vector<float>(64));
        std::vector<float*> outs;
        for (auto& row : rows) outs.push_back(row.data());
        for (std::uint64_t at = 0; at < length; at += 64) {
            e.process({}, outs, 64);
            without.play(std::vector<float const*>(outs.begin(), outs.end()), 64);
        }
        CHECK(e.stats().async_calls == 0);
        CHECK(without.samples != with);
        e.unload();
    }
}

TEST_CASE("together the example patches use every module of this library") {
    std::set<std::string> used, all;
    for (std::string const& path : example_patches())
        for (auto const& [number, slug] : audio::read_patch_file(path).slugs)
            if (number != 0) used.insert(slug);
    for (std::string const& name : audio::registered_modules())
        if (name.starts_with("hocket:")) all.insert(name);
    CHECK(all.size() >= 9);
    CHECK(used == all);
}
