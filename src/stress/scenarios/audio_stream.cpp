// audio: a WAV that is streamed through the engine comes out sample by sample, while the other scenarios keep the
// machine busy.
//
// An AsyncThread reads the file ahead, the timer driver plays it in real time into memory, and the main thread runs the
// other scenarios, small, again and again. What came out must be the file: frames of silence may have come in between
// (a frame that was not read in time is played later, the player counts the silence), but nothing may be wrong, missing
// or twice, and every silent frame must be accounted for. Late blocks and silence are reported, not judged: they are
// the machine's affair. Then the freewheel driver renders the file, equally beside the others: bit for bit, without
// silence. Of a file given with --in, at most 30 seconds are played.
// Op: a frame played. Latency: how much later than one block length after the one before a block was done; 0 when not.
// Broken: one sample is changed on its way out.
#include <hocket/audio.hpp>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <span>
#include <thread>
#include <vector>

#include "stress/clock.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/table.hpp"
#include "stress/temporary_folder.hpp"
#include "stress/trial.hpp"

namespace hocket::stress {

namespace {

constexpr unsigned block = 64;            // frames
constexpr std::size_t read_ahead = 4096;  // frames: a twelfth of a second, so that the reader is needed again and again
constexpr unsigned longest_play = 30;     // seconds
constexpr unsigned slack = 10;            // seconds of silence that may come in between
constexpr double size_of_others = 0.01;   // times the scale

// Interleaved samples.
struct recording {
    unsigned sample_rate;
    unsigned channels;
    std::vector<float> samples;
    std::size_t frames() const noexcept { return samples.size() / channels; }
    std::span<float const> frame(std::size_t n) const noexcept { return {samples.data() + n * channels, channels}; }
};

// Two seconds of noise without a silent frame, so that silence in the output can only be silence put in.
void make_file(trial& t, std::string const& path) {
    audio::wav_format const format{48000, 2, audio::wav_encoding::pcm16};
    std::vector<float> samples(format.channels * t.scaled(96'000, 9'600));
    generator choice = t.random(0);
    for (float& s : samples) s = static_cast<float>(static_cast<int>(choice.between(1, 65535)) - 32768) / 32768.0f;
    for (std::size_t i = 0; i < samples.size(); i += format.channels)
        if (samples[i] == 0) samples[i] = 0.5f;
    audio::wav_writer file(path, format);
    file.write(samples);
    file.close();
}

recording read_file(std::string const& path) {
    audio::wav_reader file(path);
    recording r{file.format().sample_rate, file.format().channels, {}};
    r.samples.resize(std::min<std::uint64_t>(file.frames(), std::uint64_t{longest_play} * r.sample_rate) * r.channels);
    r.samples.resize(file.read(r.samples) * r.channels);
    return r;
}

// Takes what the engine plays. All memory is there before the first block.
class recorder final : public audio::port {
public:
    recorder(trial& t, unsigned sample_rate, unsigned channels, std::size_t frames)
        : trial_(t), block_ns_(1'000'000'000ll * block / sample_rate), taken_{sample_rate, channels, {}} {
        taken_.samples.resize(frames * channels);
    }

    void play(std::span<float const* const> outputs, unsigned frames) noexcept override {
        std::int64_t const now = now_ns();
        if (timed_ && before_ns_ != 0) trial_.latency.record(now - before_ns_ - block_ns_);
        before_ns_ = now;
        for (unsigned f = 0; f < frames && at_ < taken_.samples.size(); ++f)
            for (unsigned c = 0; c < taken_.channels; ++c) taken_.samples[at_++] = outputs[c][f];
        trial_.ops.add(frames);
        if (at_ == taken_.samples.size()) full_.store(true, std::memory_order_release);  // pairs with full()
    }

    void times_blocks() noexcept { timed_ = true; }
    bool full() const noexcept { return full_.load(std::memory_order_acquire); }

    // What was played. The driver has ended.
    recording result() {
        taken_.samples.resize(at_);
        if (trial_.broken() && at_ != 0) taken_.samples[at_ / 2] += 0.25f;
        return std::move(taken_);
    }

private:
    trial& trial_;
    std::int64_t const block_ns_;
    std::int64_t before_ns_ = 0;
    bool timed_ = false;
    recording taken_;
    std::size_t at_ = 0;
    std::atomic<bool> full_{false};
};

bool silent(std::span<float const> frame) noexcept {
    return std::all_of(frame.begin(), frame.end(), [](float s) { return s == 0; });
}

// The frames that are not silent, in order.
std::vector<std::size_t> sounding(recording const& r) {
    std::vector<std::size_t> frames;
    for (std::size_t f = 0; f < r.frames(); ++f)
        if (!silent(r.frame(f))) frames.push_back(f);
    return frames;
}

// Silence apart, `played` must be `file`, as far as it goes.
void compare_sounding(trial& t, recording const& file, recording const& played, bool complete) {
    auto const wanted = sounding(file), got = sounding(played);
    std::size_t const both = std::min(wanted.size(), got.size());
    for (std::size_t i = 0; i < both; ++i)
        if (!std::ranges::equal(file.frame(wanted[i]), played.frame(got[i])))
            return t.fail("frame " + std::to_string(wanted[i]) + " of the file was played wrong or not at all");
    if (!complete) return;
    if (got.size() != wanted.size())
        t.fail(std::to_string(got.size()) + " frames with sound were played, the file has " +
               std::to_string(wanted.size()));
}

// The other scenarios, in turn, until `done`.
void keep_busy(trial& t, std::function<bool()> const& done) {
    settings small = t.asked();
    small.scale *= size_of_others;
    for (unsigned round = 0; !done(); ++round)
        for (auto const& s : scenarios()) {
            if (done()) break;
            if (s.name == t.name()) continue;
            small.seed = mix(t.asked().seed + round);
            trial other(s, small, &t);
            other.next_round();
            s.run(other);
            t.adopt(other.snapshot());
        }
}

class player {
public:
    player(trial& t, std::string path, recording const& file)
        : trial_(t), file_(file), pool_(pool_for(t)), live_before_(pool_->stats().runtime.live), engine_({.runners = pool_}) {
        audio::patch p("stress");
        unsigned const number = p.add<audio::wav_player>("player", std::move(path), read_ahead);
        for (unsigned c = 0; c < file.channels; ++c) p.map_output({number, static_cast<int>(c)}, static_cast<int>(c));
        engine_.load(p);
        source_ = &engine_.at<audio::wav_player>(number);
    }

    void in_real_time() {
        recorder to(trial_, file_.sample_rate, file_.channels, file_.frames() + slack * file_.sample_rate);
        to.times_blocks();
        audio::timer_driver driver(engine_, {.sample_rate = file_.sample_rate, .block = block});
        while (!source_->ready()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        driver.start(to);
        keep_busy(trial_, [&] { return source_->finished() || to.full(); });
        driver.stop();

        recording const played = to.result();
        auto const stats = driver.stats();
        if (auto const why = source_->failure(); !why.empty()) trial_.fail("the player gave up: " + why);
        bool const whole = source_->frames() == file_.frames();  // not cut at longest_play
        if (whole && !source_->finished()) trial_.fail("the player did not come to the end of the file");
        compare_sounding(trial_, file_, played, whole);
        if (whole) {
            trial_.expect("frames that the player says it played", source_->played(), file_.frames());
            // The rest of the last blocks, after the end of the file, is silence that nobody counts.
            if (played.frames() < file_.frames() + source_->underruns() + source_->preroll())
                trial_.fail("silence was counted that was not played");
        }
        trial_.remark(std::to_string(stats.late) + " of " + std::to_string(stats.blocks) +
                      " blocks late, the worst ended " +
                      duration_text(static_cast<std::uint64_t>(std::max<std::int64_t>(stats.worst_ns, 0))) +
                      " after it was due; " + std::to_string(source_->underruns()) + " frames of silence in between; " +
                      (stats.realtime ? "in the class SCHED_FIFO" : "as an ordinary thread, for want of permission"));
    }

    void freewheeling() {
        recorder to(trial_, file_.sample_rate, file_.channels, file_.frames());
        std::atomic<bool> done{false};
        std::exception_ptr failure;
        {
            std::jthread const renderer([&] {
                try {
                    audio::freewheel_driver(engine_, {.sample_rate = file_.sample_rate, .block = block})
                        .render(file_.frames(), to);
                } catch (...) {
                    failure = std::current_exception();
                }
                done.store(true, std::memory_order_release);
            });
            // acquire: pairs with the release above
            keep_busy(trial_, [&] { return done.load(std::memory_order_acquire); });
        }
        if (failure) std::rethrow_exception(failure);

        recording const rendered = to.result();
        trial_.expect("frames rendered", rendered.frames(), file_.frames());
        std::size_t const bytes = std::min(rendered.samples.size(), file_.samples.size()) * sizeof(float);
        if (std::memcmp(rendered.samples.data(), file_.samples.data(), bytes) != 0)
            trial_.fail("the freewheel render is not the file, bit for bit");
    }

    // The engine goes; its runners must be left as they were found.
    void close() {
        engine_.unload();
        std::int64_t const deadline = now_ns() + 10'000'000'000;
        while (pool_->stats().runtime.live > live_before_ && now_ns() < deadline)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        if (auto const live = pool_->stats().runtime.live; live > live_before_)
            trial_.leaked("the runners kept " + std::to_string(live - live_before_) +
                          " tasks of a patch that was unloaded");
    }

private:
    static std::shared_ptr<audio::runner_pool> pool_for(trial& t) {
        return std::make_shared<audio::runner_pool>(audio::runner_pool_options{.context = t.asked().context});
    }

    trial& trial_;
    recording const& file_;
    std::shared_ptr<audio::runner_pool> pool_;
    std::uint64_t live_before_;
    audio::engine engine_;
    audio::wav_player* source_;
};

}  // namespace

void audio_stream(trial& t) {
    temporary_folder const folder;
    std::string const path = t.asked().in.empty() ? folder.file("noise.wav") : t.asked().in;
    if (t.asked().in.empty()) make_file(t, path);
    recording const file = read_file(path);

    std::int64_t const start = now_ns();
    {
        player p(t, path, file);
        p.in_real_time();
        p.close();
    }
    {
        player p(t, path, file);
        p.freewheeling();
        p.close();
    }
    t.worked(now_ns() - start);
}

}  // namespace hocket::stress
