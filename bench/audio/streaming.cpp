// Whether a WAV that is streamed from disk ever runs dry beside an ordinary thread spinning on each core.
#include <stdlib.h>

#include <filesystem>
#include <hocket/audio/wav.hpp>
#include <hocket/audio/wav_player.hpp>
#include <optional>

#include "background.hpp"
#include "measures.hpp"
#include "slice.hpp"
#include "unable.hpp"

namespace hocket::bench {

namespace {

constexpr std::size_t ahead = sample_rate / 2;  // frames: 500 ms, of which the player's ring makes 683

enum : std::size_t { fifo, plain, count };

std::vector<row> rows() {
    using enum row::bar_of;
    std::vector<row> r(count);
    char const* const title = "underruns of a WAV streamer, 500 ms ahead";
    r[fifo] = {"A3", title, "frames", {"real-time audio"}, {}, value_at_most, 0, true};
    r[plain] = {"A3", title, "frames", {"ordinary audio"}, {}, value_at_most, 0, true};
    return r;
}

// A WAV in a folder of its own, gone with the object.
class wav_file {
public:
    explicit wav_file(std::size_t frames) {
        std::string name = (std::filesystem::temp_directory_path() / "hocket-bench.XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw unable("no folder can be made in " + name);
        folder_ = name;
        audio::wav_writer to(path(), {.sample_rate = sample_rate, .encoding = audio::wav_encoding::pcm16});
        std::vector<float> samples(frames);
        for (std::size_t i = 0; i < frames; ++i) samples[i] = static_cast<float>(i % 100) / 128;
        to.write(samples);
        to.close();
    }
    wav_file(wav_file const&) = delete;
    wav_file& operator=(wav_file const&) = delete;
    ~wav_file() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    std::string path() const { return (folder_ / "long.wav").string(); }

private:
    std::filesystem::path folder_;
};

double underruns_of(std::string const& path, double seconds, bool realtime) {
    audio::engine engine;
    audio::patch p("stream");
    unsigned const player = p.add<audio::wav_player>("player", path, ahead);
    p.map_output({player, 0}, 0);
    engine.load(p);
    auto const& streamer = engine.at<audio::wav_player>(player);
    engine.prepare(sample_rate, block_frames);
    for (std::int64_t const limit = now_ns() + 10'000'000'000; !streamer.ready();) {
        if (now_ns() > limit) throw unable("the WAV was not read within ten seconds");
        sleep_until_ns(now_ns() + 1'000'000);
    }
    spinners const beside;
    slice const s(engine, {.seconds = seconds, .realtime = realtime, .bound = false});
    if (!streamer.failure().empty()) throw unable("the WAV cannot be read: " + streamer.failure());
    return static_cast<double>(streamer.underruns());
}

void take(measure_options const& o, std::vector<row>& r) {
    wav_file const wav(static_cast<std::size_t>((o.seconds + 2) * sample_rate));
    for (unsigned round = 1; round <= o.rounds; ++round)
        for (bool const realtime : {true, false}) {
            o.progress("streaming, round " + std::to_string(round) + (realtime ? "" : ", ordinary"));
            row& to = r[realtime ? fifo : plain];
            if (!to.measured()) continue;
            try {
                to.ours.rounds.push_back(underruns_of(wav.path(), o.seconds, realtime));
            } catch (unable const& e) {
                to.sentence = e.what();
            }
        }
}

}  // namespace

measure const streaming{"streaming", "a WAV streamer beside a spinner on each core", rows, take};

}  // namespace hocket::bench
