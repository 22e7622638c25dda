// The timer driver: real time, late blocks counted.
#include <doctest/doctest.h>

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <hocket/this_fiber.hpp>

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

#if !defined(HOCKET_ASAN) && !defined(HOCKET_TSAN)  // their shadows are locked as well
TEST_CASE("memory is locked where that is permitted, and audio plays where it is not") {
    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_MEMLOCK, &before) == 0);
    audio::patch p("locked");
    p.map_output({p.add("hocket:Oscillator"), 0}, 0);
    audio::engine e({.runners = make_pool()});
    e.load(p);
    CHECK_FALSE(audio::timer_driver(e).stats().locked);
    audio::timer_driver driver(e, {.lock_memory = true});
    capture port;
    driver.start(port, 640);
    driver.wait();
    CHECK(port.samples.size() == 640);
    // Who may lock all there is has locked it; nobody else has.
    if (before.rlim_cur == 0 && geteuid() != 0) CHECK_FALSE(driver.stats().locked);
    if (driver.stats().locked) {
        std::ifstream status("/proc/self/status");
        std::string line;
        while (std::getline(status, line) && !line.starts_with("VmLck:")) {
        }
        CHECK(std::strtoul(line.c_str() + 6, nullptr, 10) > 0);
        // Fibers get their stacks as before.
        rig r;
        struct sleeper : quiet {
            explicit sleeper(std::atomic<int>* c) : calls(c) { async.start(); }
            std::atomic<int>* calls;
            audio::async_thread async{this, [this] {
                hocket::this_fiber::sleep_for(1ms);
                ++*calls;
            }};
        };
        std::atomic<int> calls{0};
        audio::patch many("many");
        for (int i = 0; i < 64; ++i) many.add<sleeper>("sleeper", &calls);
        r.load(many);
        CHECK(eventually([&] { return calls >= 640; }));
        r.engine.unload();
        munlockall();
    }
}
#endif

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
