// The WAV player: every sample arrives, in order, once; what goes wrong is counted and said.
#include <doctest/doctest.h>

#include <algorithm>

#include "support.hpp"

using namespace support;
using audio::wav_encoding;
using audio::wav_player;

namespace {

audio::patch player_patch(std::string const& path, unsigned channels, std::size_t buffer = wav_player::default_buffer) {
    audio::patch p("player");
    unsigned const player = p.add<wav_player>("player", path, buffer);
    for (unsigned c = 0; c < channels; ++c) p.map_output({player, static_cast<int>(c)}, static_cast<int>(c));
    return p;
}

}  // namespace

TEST_CASE("a streamed WAV arrives sample-exact, whatever the blocks, channels and encodings") {
    folder dir;
    for (unsigned const channels : {1u, 2u, 5u})
        for (auto const encoding : {wav_encoding::pcm16, wav_encoding::float32}) {
            auto const samples = noise(channels * 20000, channels);
            write_wav(dir / "a.wav", samples, {.sample_rate = 48000, .channels = channels, .encoding = encoding});
            for (unsigned const block : {1u, 17u, 64u, 512u}) {
                if (block == 1 && channels == 5) continue;  // nothing new, and slow
                audio::engine e({.runners = make_pool()});
                e.load(player_patch(dir / "a.wav", channels, 4096));
                auto out = render(e, 20100, {.block = block});
                auto const& player = e.at<wav_player>(1);
                CHECK(player.underruns() == 0);
                CHECK(player.preroll() == 0);
                CHECK(player.played() == 20000);
                CHECK(player.finished());
                CHECK(std::all_of(out.begin() + channels * 20000, out.end(), [](float x) { return x == 0; }));
                out.resize(channels * 20000);
                CHECK(out == samples);
            }
        }
}

TEST_CASE("with its AsyncThread off the player has nothing to play") {
    folder dir;
    auto const samples = noise(5000);
    write_wav(dir / "a.wav", samples, {});
    audio::engine e({.runners = make_pool()});
    e.load(player_patch(dir / "a.wav", 1));
    e.prepare(48000, 64);  // by the wall clock: no driver calls tick()
    e.release();
    e.prepare(48000, 64, audio::tick_source::audio_time);
    std::vector<float> out(100, 9);
    float* row = out.data();
    // Blocks without a tick: what the wall clock has not loaded is silence.
    auto& player = e.at<wav_player>(1);
    bool const loaded = player.ready();
    e.process({}, {&row, 1}, 100);
    if (loaded)
        CHECK(std::equal(out.begin(), out.end(), samples.begin()));
    else
        CHECK(std::all_of(out.begin(), out.end(), [](float x) { return x == 0; }));
    CHECK(player.played() + player.preroll() == 100);
}

TEST_CASE("a player that is asked faster than it can read underruns, counts, and loses nothing") {
    folder dir;
    auto samples = noise(200'000);
    for (float& x : samples)
        if (x == 0) x = 0.5f;  // silence is never the file's
    write_wav(dir / "a.wav", samples, {.encoding = wav_encoding::float32});
    audio::engine e({.runners = make_pool()});
    e.load(player_patch(dir / "a.wav", 1, 2048));
    e.prepare(48000, 64);
    auto& player = e.at<wav_player>(1);
    CHECK(eventually([&] { return player.ready(); }));
    std::vector<float> heard;
    std::uint64_t frames = 0;
    while (!player.finished() && frames < 500'000'000) {
        std::array<float, 512> block{};
        float* row = block.data();
        e.process({}, {&row, 1}, 512);  // much faster than real time: the ring cannot keep up
        frames += 512;
        for (float const x : block)
            if (x != 0) heard.push_back(x);
    }
    CHECK(heard == samples);
    CHECK(player.played() == 200'000);
    CHECK(player.underruns() > 0);
}

TEST_CASE("a player in real time reads ahead and does not underrun") {
    folder dir;
    auto const samples = noise(48000);
    write_wav(dir / "a.wav", samples, {});
    audio::engine e({.runners = make_pool()});
    e.load(player_patch(dir / "a.wav", 1));  // the ring holds two thirds of it
    audio::timer_driver driver(e, {.block = 64});
    auto& player = e.at<wav_player>(1);
    CHECK(eventually([&] { return player.ready(); }));
    capture port;
    port.samples.reserve(48000);
    driver.start(port, 48000);
    driver.wait();
    CHECK(player.underruns() == 0);
    CHECK(port.samples == samples);
}

TEST_CASE("a file that shrinks while it is played ends the playing, in a sentence") {
    log_capture log;
    folder dir;
    write_wav(dir / "a.wav", noise(100'000), {.encoding = wav_encoding::pcm16});
    audio::engine e({.runners = make_pool()});
    e.load(player_patch(dir / "a.wav", 1, 4096));
    std::filesystem::resize_file(dir / "a.wav", 44 + 2 * 50'000);
    render(e, 120'000);
    auto const& player = e.at<wav_player>(1);
    CHECK(player.finished());
    CHECK(player.failure() == "'" + (dir / "a.wav") + "' ended after 50000 of 100000 frames");
    CHECK(player.played() <= 50'000);
    CHECK(e.stats().async_failures == 1);
    e.unload();
    CHECK(log.text().find("an action of 'module 1 (player) thread 0' threw: ") != std::string::npos);
}

TEST_CASE("a player is told its file by the patch, and a broken one refuses to load") {
    folder dir;
    auto const samples = noise(3000);
    write_wav(dir / "a.wav", samples, {});
    audio::patch p("by name");
    unsigned const player = p.add("hocket:WavPlayer");
    p.map_output({player, 0}, 0);
    audio::engine e({.runners = make_pool()});
    e.load(p);
    auto const silence = render(e, 100);
    CHECK(std::all_of(silence.begin(), silence.end(), [](float x) { return x == 0; }));
    CHECK(e.at<wav_player>(1).finished());

    p.set_state(player, dir / "a.wav");
    e.load(p);
    CHECK(render(e, 3000) == samples);
    CHECK(e.at(1).save_state() == dir / "a.wav");
    CHECK(e.at<wav_player>(1).frames() == 3000);

    p.set_state(player, dir / "none.wav");
    CHECK_THROWS_WITH_AS(e.load(p),
                         ("patch 'by name': module 1 (hocket:WavPlayer) cannot be built: cannot open '" +
                          (dir / "none.wav") + "': No such file or directory")
                             .c_str(),
                         audio::load_error);

    write_wav(dir / "nine.wav", noise(90), {.channels = 9});
    p.set_state(player, dir / "nine.wav");
    CHECK_THROWS_AS(e.load(p), audio::load_error);

    write_wav(dir / "no frames.wav", {}, {});
    p.set_state(player, dir / "no frames.wav");
    e.load(p);
    CHECK(e.at<wav_player>(1).ready());
    CHECK(e.at<wav_player>(1).finished());
}

TEST_CASE("a WAV that the distribution ships arrives sample-exact") {
    std::string const path = "/usr/share/sounds/alsa/Front_Center.wav";
    if (!std::filesystem::exists(path)) {
        MESSAGE(path << " (Debian's alsa-utils) is not there: checked with made files only");
        return;
    }
    auto const samples = read_wav(path);
    audio::wav_reader const about(path);
    audio::engine e({.runners = make_pool()});
    e.load(player_patch(path, about.format().channels));
    CHECK(render(e, about.frames(), {.sample_rate = about.format().sample_rate}) == samples);
}
