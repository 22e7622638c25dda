// hocket-jack-canary SERVER [SECONDS]: how many of a JACK server's cycles does an engine miss whose runners are all
// busy, that a bare client beside it, the canary, does not miss?
//
// On a shared machine every client misses cycles, for reasons that are the host's. So both are clients of the same
// server, in the same class, in the same cycles; what counts is ours without the canary's. A cycle is missed by who
// did not run in it, or ended after the next was to begin. With SECONDS 0 the canary alone runs, until it is
// interrupted.
//
// The runners are busy with actions of 20 ms that never suspend, one for each, so they rest for half a millisecond in
// twenty. Exit codes: 0 measured, whatever the figures; 1 not; 2 usage.
#include <jack/jack.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <hocket/audio.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace audio = hocket::audio;
using namespace std::chrono_literals;

volatile std::sig_atomic_t interrupted = 0;

// Where a cycle begins, and when the next is to, by JACK's clock. Not by jack_get_cycle_times(): its times are
// smoothed, and seconds pass after an xrun until they are right again.
struct cycle {
    jack_nframes_t at = 0;  // frames
    jack_time_t next = 0;   // us
    static cycle now(jack_client_t* client) {
        jack_nframes_t const at = jack_last_frame_time(client);
        std::int64_t const left = std::int64_t{jack_get_buffer_size(client)} - jack_frames_since_cycle_start(client);
        return {at, jack_get_time() + static_cast<jack_time_t>(left * 1'000'000 / jack_get_sample_rate(client))};
    }
};

// What became of each cycle.
class diary {
public:
    enum : unsigned char { unseen, kept, missed };

    diary(unsigned block, std::size_t cycles) : block_(block), marks_(cycles) {}
    // [audio]
    void write(cycle const& c) noexcept {
        std::size_t const i = index(c.at);
        if (i < marks_.size()) marks_[i].store(jack_get_time() > c.next ? missed : kept, std::memory_order_relaxed);
    }
    void begin_at(jack_nframes_t first) noexcept { first_.store(first, std::memory_order_relaxed); }
    bool keeps(std::size_t i) const { return marks_[i].load(std::memory_order_relaxed) == kept; }
    bool ran(std::size_t i) const { return marks_[i].load(std::memory_order_relaxed) != unseen; }
    std::size_t size() const { return marks_.size(); }

private:
    std::size_t index(jack_nframes_t at) const noexcept {
        return (at - first_.load(std::memory_order_relaxed)) / block_;  // before the first: beyond the end
    }
    unsigned const block_;
    std::atomic<jack_nframes_t> first_{0};
    std::vector<std::atomic<unsigned char>> marks_;
};

// A client that does nothing but look at the clock.
class canary {
public:
    canary(std::string const& server, diary* to) : to_(to) {
        jack_status_t status{};
        client_ = jack_client_open("canary", static_cast<jack_options_t>(JackNoStartServer | JackServerName), &status,
                                   server.c_str());
        if (client_ == nullptr) throw std::runtime_error("no JACK server '" + server + "'");
        jack_set_process_callback(
            client_, [](jack_nframes_t, void* self) { return static_cast<canary*>(self)->process(); }, this);
        if (jack_activate(client_) != 0) throw std::runtime_error("the canary is not let in");
    }
    canary(canary const&) = delete;
    ~canary() { jack_client_close(client_); }

    jack_client_t* client() const { return client_; }
    std::uint64_t cycles() const { return cycles_.load(std::memory_order_relaxed); }
    std::uint64_t late() const { return late_.load(std::memory_order_relaxed); }

private:
    int process() {
        cycle const c = cycle::now(client_);
        if (to_ != nullptr) to_->write(c);
        if (jack_get_time() > c.next) late_.fetch_add(1, std::memory_order_relaxed);
        jack_nframes_t const block = jack_get_buffer_size(client_);
        if (cycles() > 0 && c.at - at_ > block) late_.fetch_add((c.at - at_) / block - 1, std::memory_order_relaxed);
        at_ = c.at;
        cycles_.fetch_add(1, std::memory_order_relaxed);
        return 0;
    }
    diary* const to_;
    jack_nframes_t at_ = 0;
    jack_client_t* client_ = nullptr;
    std::atomic<std::uint64_t> cycles_{0}, late_{0};
};

// Notes the cycle at a block's first sample; the port, at the block's end, how that went.
class marker final : public audio::module, public audio::port {
public:
    marker(jack_client_t* client, diary& to, unsigned block) : client_(client), to_(to), block_(block) {}
    void update() override {
        if (sample_++ % block_ == 0) now_ = cycle::now(client_);
    }
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }
    void play(std::span<float const* const>, unsigned) noexcept override { to_.write(now_); }

private:
    jack_client_t* const client_;
    diary& to_;
    unsigned const block_;
    unsigned sample_ = 0;
    cycle now_;
};

// Keeps a runner busy.
class busy final : public audio::module {
public:
    busy() { thread_.start(); }
    void update() override {}
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }

private:
    audio::async_thread thread_{this, [] {
                                    auto const until = std::chrono::steady_clock::now() + 20ms;
                                    while (std::chrono::steady_clock::now() < until) {
                                    }
                                }};
};

int run_canary_alone(std::string const& server) {
    signal(SIGINT, [](int) { interrupted = 1; });
    signal(SIGTERM, [](int) { interrupted = 1; });
    canary const bird(server, nullptr);
    while (interrupted == 0) std::this_thread::sleep_for(100ms);
    std::printf("canary: %llu cycles, %llu late or missed\n", static_cast<unsigned long long>(bird.cycles()),
                static_cast<unsigned long long>(bird.late()));
    return 0;
}

int measure(std::string const& server, double seconds) {
    unsigned block = 0, rate = 0;
    {
        canary const first(server, nullptr);
        block = jack_get_buffer_size(first.client());
        rate = jack_get_sample_rate(first.client());
    }
    auto const cycles = static_cast<std::size_t>(seconds * rate / block);
    diary ours(block, cycles), theirs(block, cycles);
    ours.begin_at(0x7fffffff);
    theirs.begin_at(0x7fffffff);
    canary const bird(server, &theirs);

    constexpr unsigned runners = 2;
    auto const pool = std::make_shared<audio::runner_pool>(audio::runner_pool_options{.max_concurrent = runners});
    audio::patch p("canary");
    unsigned const first =
        p.add("marker", audio::module_factory([&] { return std::make_unique<marker>(bird.client(), ours, block); }));
    for (unsigned i = 0; i < 8; ++i) {
        unsigned const voice = p.add<audio::oscillator>("voice");
        p.map_output({voice, 0}, static_cast<int>(i % 2));
    }
    for (unsigned i = 0; i < 2 * runners; ++i) p.add<busy>("busy");
    audio::engine e({.runners = pool});
    e.load(p);
    audio::jack_driver driver(e, {.server = server});
    driver.start(e.at<marker>(first));
    std::this_thread::sleep_for(1s);  // what the first cycles miss is nobody's measure

    auto const before = driver.stats();
    jack_nframes_t const begin = cycle::now(bird.client()).at + 64 * block;
    ours.begin_at(begin);
    theirs.begin_at(begin);
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds + 0.5));
    if (!driver.running()) throw std::runtime_error(driver.failure());
    auto const after = driver.stats();
    auto const calls = e.stats().async_calls;
    driver.stop();

    std::size_t ours_missed = 0, theirs_missed = 0, without = 0, never = 0;
    for (std::size_t i = 0; i < cycles; ++i) {
        ours_missed += !ours.keeps(i);
        theirs_missed += !theirs.keeps(i);
        without += !ours.keeps(i) && theirs.keeps(i);
        never += !ours.ran(i) && !theirs.ran(i);
    }
    std::printf("server   %u Hz, %u frames, %s\n", rate, block, after.realtime ? "SCHED_FIFO" : "no real-time class");
    std::printf("cycles   %zu\n", cycles);
    std::printf("ours     missed %zu; late callbacks %llu of %llu, worst %.3f ms\n", ours_missed,
                static_cast<unsigned long long>(after.late - before.late),
                static_cast<unsigned long long>(after.blocks - before.blocks),
                static_cast<double>(after.worst_ns) / 1e6);
    std::printf("canary   missed %zu\n", theirs_missed);
    std::printf("neither  ran in %zu\n", never);
    std::printf("ours without the canary: %zu\n", without);
    std::printf("xruns    %llu\n", static_cast<unsigned long long>(after.xruns - before.xruns));
    std::printf("actions  %llu of 20 ms, on %u runners\n", static_cast<unsigned long long>(calls), runners);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    double const seconds = argc > 2 ? std::atof(argv[2]) : 60;
    if (argc < 2 || argc > 3 || seconds < 0 || seconds > 3600) {
        std::fprintf(stderr, "usage: hocket-jack-canary SERVER [SECONDS, at most 3600; 0: the canary alone]\n");
        return 2;
    }
    try {
        return seconds == 0 ? run_canary_alone(argv[1]) : measure(argv[1], seconds);
    } catch (std::exception const& e) {
        std::fprintf(stderr, "hocket-jack-canary: %s\n", e.what());
        return 1;
    }
}
