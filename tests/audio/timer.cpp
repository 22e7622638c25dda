// The timer driver: real time, late blocks counted.
#include <doctest/doctest.h>

#include "support.hpp"

using namespace support;

namespace {

// Counts samples, and takes its time for each block if told so.
class slow final : public quiet {
public:
    explicit slow(std::chrono::milliseconds pause) : pause_(pause) {}
    void update() override {
        if (++frames_ % 64 == 0 && pause_.count() > 0) std::this_thread::sleep_for(pause_);
        ++out_;
    }
    float get_output(int) const override { return out_; }

private:
    std::chrono::milliseconds const pause_;
    unsigned frames_ = 0;
    float out_ = 0;
};

audio::patch one(std::chrono::milliseconds pause) {
    audio::patch p("timer");
    p.map_output({p.add<slow>("slow", pause), 0}, 0);
    return p;
}

}  // namespace

TEST_CASE("the timer plays in real time, every block once") {
    audio::engine e({.runners = make_pool()});
    e.load(one(0ms));
    audio::timer_driver driver(e, {.sample_rate = 48000, .block = 480});
    CHECK_FALSE(driver.running());
    capture port;
    auto const begin = std::chrono::steady_clock::now();
    driver.start(port, 4801);
    driver.wait();
    auto const took = std::chrono::steady_clock::now() - begin;
    CHECK(took >= 100ms);  // block 11 begins there
    CHECK(driver.stats().blocks == 11);
    REQUIRE(port.samples.size() == 11 * 480);
    for (std::size_t i = 0; i < port.samples.size(); ++i) CHECK(port.samples[i] == static_cast<float>(i + 1));
    // A second run goes on where the first ended.
    driver.start(port, 480);
    driver.wait();
    CHECK(port.samples.back() == static_cast<float>(12 * 480));
}

TEST_CASE("a block that takes too long is counted as late and not dropped") {
    audio::engine e({.runners = make_pool()});
    e.load(one(3ms));  // per block of 1.33 ms
    audio::timer_driver driver(e, {.sample_rate = 48000, .block = 64});
    capture port;
    driver.start(port, 64 * 20);
    driver.wait();
    CHECK(driver.stats().blocks == 20);
    CHECK(driver.stats().late == 20);
    CHECK(driver.stats().worst_ns >= 3'000'000);
    CHECK(port.samples.size() == 64 * 20);
}

TEST_CASE("stop ends an endless run; starting twice and nonsense are refused") {
    audio::engine e({.runners = make_pool()});
    e.load(one(0ms));
    audio::timer_driver driver(e);
    class sink final : public audio::port {
        void play(std::span<float const* const>, unsigned) noexcept override {}
    } port;
    driver.start(port);
    CHECK(driver.running());
    CHECK_THROWS_AS(driver.start(port), std::logic_error);
    CHECK(eventually([&] { return driver.stats().blocks > 3; }));
    driver.stop();
    CHECK_FALSE(driver.running());
    CHECK_THROWS_AS(audio::timer_driver(e, {.priority = 100}), std::invalid_argument);
    CHECK_THROWS_AS(audio::timer_driver(e, {.sample_rate = 0}), std::invalid_argument);
    CHECK_THROWS_AS(audio::timer_driver(e, {.block = 0}), std::invalid_argument);
}
