// hocket::limiter.
#include <hocket/limiter.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <hocket/fiber.hpp>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <vector>

#include "crowd.hpp"

using namespace std::chrono_literals;
using hocket::limiter;

FIBER_TEST_CASE("limiter: never more than it has places, and nobody is lost", .workers = {1, 2, 4}) {
    constexpr int people = 10, rounds = 100;
    limiter gate(3);
    std::atomic<int> inside{0}, most{0}, entered{0};
    crowd c;
    auto work = [&](int who) {
        for (int i = 0; i < rounds; ++i) {
            limiter::place const here = gate.enter();
            int const n = inside.fetch_add(1) + 1;
            for (int seen = most.load(); seen < n && !most.compare_exchange_weak(seen, n);) {
            }
            entered += here ? 1 : 0;
            if ((i + who) % 3 == 0) hocket::this_fiber::yield();
            inside.fetch_sub(1);
        }
    };
    c.fibers(people - 2, work);
    c.threads(2, work);
    c.join();
    CHECK(entered.load() == people * rounds);
    CHECK(most.load() <= 3);
    CHECK(gate.in_flight() == 0);
    CHECK(gate.dropped() == 0);
    CHECK(gate.most() == 3);
}

FIBER_TEST_CASE("limiter: a lossy one refuses, and counts whom", .workers = {1, 2, 4}) {
    limiter gate(2, hocket::lossy);
    {
        limiter::place a = gate.enter(), b = gate.enter_for(1h);
        CHECK(a);
        CHECK(b);
        CHECK(gate.in_flight() == 2);
        CHECK_FALSE(gate.enter());
        CHECK_FALSE(gate.enter_for(1h));
        CHECK(gate.dropped() == 2);
        a.leave();
        a.leave();
        CHECK(gate.in_flight() == 1);
        a = std::move(b);
        CHECK_FALSE(b);
        CHECK(gate.enter());  // and it is given back at once
        CHECK(gate.in_flight() == 1);
    }
    std::atomic<int> done{0};
    std::uint64_t refused = 0;
    for (int i = 0; i < 200; ++i) {
        if (!gate.go([&done](std::unique_ptr<int> n) { done += *n; }, std::make_unique<int>(1))) ++refused;
        if (i % 3 == 0) hocket::this_fiber::yield();
    }
    while (gate.in_flight() != 0) hocket::this_fiber::yield();
    CHECK(static_cast<std::uint64_t>(done.load()) + refused == 200);
    CHECK(gate.dropped() == 2 + refused);
}

FIBER_TEST_CASE("limiter: lossless tasks all run, and only so many at once", .workers = {1, 2, 4}) {
    limiter gate(4);
    std::atomic<int> inside{0}, done{0}, wrong{0};
    for (int i = 0; i < 300; ++i)
        CHECK(gate.go([&] {
            wrong += inside.fetch_add(1) >= 4;
            hocket::this_fiber::yield();
            inside.fetch_sub(1);
            done.fetch_add(1);
        }));
    while (gate.in_flight() != 0) hocket::this_fiber::sleep_for(100us);
    CHECK(done.load() == 300);
    CHECK(wrong.load() == 0);
}

FIBER_TEST_CASE("limiter: a wait ends by time or by a stop, and takes no place", .workers = {1, 2, 4}) {
    limiter gate(1);
    std::stop_source stop;
    limiter::place mine = gate.enter();
    CHECK_FALSE(gate.try_enter());
    CHECK_FALSE(gate.enter_for(2ms));
    CHECK_FALSE(gate.enter_until(std::chrono::system_clock::now() + 2ms));
    std::atomic<int> stopped{0};
    crowd c;
    auto wait = [&](int) { stopped += !gate.enter(stop.get_token()); };
    c.fibers(2, wait);
    c.threads(1, wait);
    hocket::this_fiber::sleep_for(2ms);
    stop.request_stop();
    c.join();
    CHECK(stopped.load() == 3);
    CHECK(gate.dropped() == 6);
    mine.leave();
    CHECK(gate.enter(stop.get_token()));
    CHECK(gate.in_flight() == 0);
    CHECK_THROWS_AS(limiter(0), std::invalid_argument);
}

FIBER_TEST_CASE("limiter: places go to those who wait in the order they came", .workers = {1, 2, 4}) {
    limiter gate(1);
    limiter::place mine = gate.enter();
    std::vector<int> order;
    crowd c;
    for (int i = 0; i < 5; ++i) {
        c.fibers(1, [&](int who) {
            limiter::place const here = gate.enter();
            order.push_back(who);
        });
        hocket::this_fiber::sleep_for(1ms);
    }
    mine.leave();
    c.join();
    CHECK(order == std::vector<int>{0, 1, 2, 3, 4});
}
