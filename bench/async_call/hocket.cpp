// async_call: what the audio thread pays to use an AsyncThread: `call` 0: run_once(); 1: start() and stop(); 2: start()
// with an action, and stop(). `running` 0: audio is paused, so the runner is asleep; 1: it ticks and calls meanwhile.
#include <hocket/audio.hpp>
#include <stdexcept>
#include <thread>

#include "side.hpp"

namespace hocket::bench {
namespace {

struct host : audio::module {
    void update() override {}
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }

    std::atomic<std::uint64_t> done{0};
    audio::async_thread async{this, [this] { done.fetch_add(1, std::memory_order_relaxed); }};
};

sample async_call(parameters const& p) {
    audio::patch patch("async_call");
    unsigned const number = patch.add<host>("host");
    audio::engine engine;
    engine.load(patch);
    engine.prepare(48000, 64);
    host& h = engine.at<host>(number);
    if (p["running"] == 0) engine.pause();

    sample s;
    std::uint64_t const count = p["count"], call = p["call"];
    std::uint64_t volatile sum = 0;
    auto const measure = [&](auto const& one) {
        thread_meter const m;
        for (std::uint64_t i = 0; i < count; ++i) {
            one();
            sum = sum + i;
        }
        m.stop(s);
    };
    if (call == 0)
        measure([&] { h.async.run_once(); });
    else if (call == 1)
        measure([&] {
            h.async.start();
            h.async.stop();
        });
    else
        measure([&] {
            h.async.start([&h] { h.done.fetch_add(1, std::memory_order_relaxed); });
            h.async.stop();
        });
    if (p["running"] == 0) engine.resume();
    // No request may be lost.
    std::int64_t const limit = now_ns() + 10'000'000'000;
    while (call == 0 && h.done.load(std::memory_order_relaxed) != count) {
        if (now_ns() > limit)
            throw std::runtime_error(std::to_string(h.done.load()) + " of " + std::to_string(count) +
                                     " calls that were asked for were made");
        std::this_thread::yield();
    }
    s.count = count;
    s.checksum = sum;
    return s;
}

bench_case const async_call_case("async_call", async_call);

}  // namespace
}  // namespace hocket::bench
