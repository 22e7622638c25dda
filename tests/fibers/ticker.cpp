// ticker, every(), and sleeps that a stop ends.
#include <hocket/ticker.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <hocket/hocket.hpp>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <thread>

#include "in_runtimes.hpp"

using namespace std::chrono_literals;
using std::chrono::steady_clock;

TEST_CASE("ticker: never early, does not drift, tells how many ticks were missed") {
    in_runtimes([] {
        auto const start = steady_clock::now();
        hocket::ticker ticks(2ms);
        std::uint64_t n = 0;
        for (int i = 0; i < 5; ++i) {
            n += ticks.wait();
            CHECK(steady_clock::now() - start >= n * 2ms);
        }
        // What was done in between takes its ticks.
        hocket::this_fiber::sleep_for(9ms);
        std::uint64_t const missed = ticks.wait();
        CHECK(missed >= 4);
        n += missed + ticks.wait();
        CHECK(steady_clock::now() - start >= n * 2ms);
        // All that have passed were told, but for what the last moment may have added.
        auto const passed = static_cast<std::uint64_t>((steady_clock::now() - start) / 2ms);
        CHECK(n <= passed);
        ticks.reset();
        auto const again = steady_clock::now();
        CHECK(ticks.wait() >= 1);
        CHECK(steady_clock::now() - again >= 1ms);
    });
    CHECK_THROWS_WITH_AS(hocket::ticker(0ms), "hocket: a ticker's period is at least a nanosecond",
                         std::invalid_argument);
    hocket::ticker outside(1ms);  // on a plain thread
    CHECK(outside.wait() >= 1);
}

TEST_CASE("every: calls until it is stopped, not once more") {
    in_runtimes([] {
        std::atomic<int> calls{0};
        {
            hocket::fiber const f =
                hocket::every({.name = "periodic"}, 500us, [&, mine = std::make_unique<int>(1)] { calls += *mine; });
            while (calls.load() < 5) hocket::this_fiber::sleep_for(100us);
        }
        int const at_the_end = calls.load();
        hocket::this_fiber::sleep_for(3ms);
        CHECK(calls.load() == at_the_end);

        hocket::fiber never = hocket::every(24h, [&] { calls = -1; });
        never.request_stop();
        never.join();
        CHECK(calls.load() == at_the_end);
    });
}

TEST_CASE("sleep: a stop ends it, in fibers and in threads") {
    in_runtimes([] {
        std::stop_source stop;
        hocket::fiber sleeps([&] {
            CHECK_FALSE(hocket::this_fiber::sleep_for(stop.get_token(), 24h));
            CHECK_FALSE(hocket::this_fiber::sleep_for(stop.get_token(), 24h));
            CHECK_FALSE(hocket::this_fiber::sleep_until(stop.get_token(), std::chrono::system_clock::now() + 24h));
        });
        CHECK(hocket::this_fiber::sleep_for(stop.get_token(), 1ms));
        CHECK(hocket::this_fiber::sleep_until(stop.get_token(), std::chrono::system_clock::now() + 1ms));
        CHECK(hocket::this_fiber::sleep_for(stop.get_token(), -1ms));
        stop.request_stop();
        sleeps.join();
        CHECK_FALSE(hocket::this_fiber::sleep_for(stop.get_token(), 0ms));
    });
    std::jthread thread([](std::stop_token const& stop) { CHECK_FALSE(hocket::this_fiber::sleep_for(stop, 24h)); });
}
