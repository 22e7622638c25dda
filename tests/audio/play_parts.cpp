// The rings of hocket-play from inside: what comes too late, and two threads at once.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "recorder.hpp"
#include "source.hpp"
#include "support.hpp"
#include "watched.hpp"

using namespace support;

namespace {

// One block of what a source lets the inputs hear, interleaved.
std::vector<float> hear(play::source& from, std::size_t inputs, unsigned frames) {
    std::vector<std::vector<float>> channels(inputs, std::vector<float>(frames, 0));
    std::vector<float*> pointers;
    for (auto& c : channels) pointers.push_back(c.data());
    from.capture(pointers, frames);
    std::vector<float> result;
    for (unsigned i = 0; i < frames; ++i)
        for (auto const& c : channels) result.push_back(c[i]);
    return result;
}

}  // namespace

TEST_CASE("what was not read in time is silence, counted, and comes later; after the end there is silence") {
    folder dir;
    auto const samples = noise(2 * 3000);
    write_wav(dir / "in.wav", samples, {.channels = 2, .encoding = audio::wav_encoding::pcm16});
    play::source from(audio::wav_reader(dir / "in.wav"), 2048);
    CHECK(hear(from, 2, 64) == std::vector<float>(128, 0));
    CHECK(from.underruns() == 64);
    std::vector<float> heard;
    for (int i = 0; i < 3; ++i) {
        from.fill();
        auto const part = hear(from, 2, 1000);
        heard.insert(heard.end(), part.begin(), part.end());
    }
    CHECK(heard == samples);
    CHECK(from.underruns() == 64);
    from.fill();
    CHECK(hear(from, 2, 100) == std::vector<float>(200, 0));
    CHECK(from.underruns() == 64);
}

TEST_CASE("a file of a whole number of reads ends as others do, and so does an empty one") {
    folder dir;
    for (std::size_t const frames : {0u, 1024u, 2048u}) {
        auto const samples = noise(frames);
        write_wav(dir / "in.wav", samples, {.encoding = audio::wav_encoding::pcm16});
        play::source from(audio::wav_reader(dir / "in.wav"), 4096);
        from.fill();
        CHECK(hear(from, 1, static_cast<unsigned>(frames)) == samples);
        CHECK(hear(from, 1, 10) == std::vector<float>(10, 0));
        CHECK(from.underruns() == 0);
    }
}

TEST_CASE("one thread fills, another hears: no frame is lost or doubled") {
    folder dir;
    auto const samples = noise(200'000);
    write_wav(dir / "in.wav", samples, {.encoding = audio::wav_encoding::pcm16});
    play::source from(audio::wav_reader(dir / "in.wav"), 2048);
    std::vector<float> heard;
    std::atomic<bool> done{false};
    std::thread audio_thread([&] {
        // A block is heard whole or, where the ring ran empty, up to there.
        while (heard.size() < samples.size()) {
            auto const before = from.underruns();
            auto part = hear(from, 1, 64);
            part.resize(64 - std::min<std::uint64_t>(64, from.underruns() - before));
            heard.insert(heard.end(), part.begin(), part.end());
            if (part.empty()) std::this_thread::yield();
        }
        done = true;
    });
    while (!done) from.fill();
    audio_thread.join();
    heard.resize(samples.size());  // silence after the end is heard, too
    CHECK(heard == samples);
}

TEST_CASE("a recorder that nobody drains counts what it loses, and keeps what it has") {
    folder dir;
    auto const samples = noise(5000);
    play::recorder to(1, 10, 4990, 1024);
    float const* const channel = samples.data();
    to.play({&channel, 1}, 5000);
    CHECK(to.lost() == 4990 - 1024);
    audio::wav_writer file(dir / "out.wav", {.encoding = audio::wav_encoding::pcm16});
    to.drain(&file);
    file.close();
    CHECK(to.written() == 1024);
    CHECK(read_wav(dir / "out.wav") == std::vector<float>(samples.begin() + 10, samples.begin() + 10 + 1024));
}

TEST_CASE("the audio side of both enters no kernel and allocates nothing, whether there is room or not") {
    checking const on;
    folder dir;
    write_wav(dir / "in.wav", noise(2 * 1024), {.channels = 2, .encoding = audio::wav_encoding::pcm16});
    play::source from(audio::wav_reader(dir / "in.wav"), 1024);
    play::recorder to(2, 0, UINT64_MAX, 1024);
    from.fill();
    std::vector<float> left(64), right(64);
    std::array<float*, 2> const in{left.data(), right.data()};
    std::array<float const*, 2> const out{left.data(), right.data()};
    check_clean([&] {
        for (int block = 0; block < 32; ++block) {
            from.capture(in, 64);
            to.play(out, 64);
        }
    });
    CHECK(to.lost() == 1024);
}
