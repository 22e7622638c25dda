// hocket::event.
#include <hocket/event.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <stop_token>
#include <type_traits>

#include "crowd.hpp"
#include "dumped.hpp"
#include "seed.hpp"
#include "slow_clock.hpp"

using namespace std::chrono_literals;
using hocket::event;

static_assert(!std::is_copy_constructible_v<event> && !std::is_copy_assignable_v<event>);

FIBER_TEST_CASE("event: it lets everybody pass while it is set", .workers = {1, 2, 4}) {
    event e;
    std::atomic<int> through{0};
    crowd c;
    auto wait = [&](int) {
        e.wait();
        ++through;
    };
    CHECK_FALSE(e.is_set());
    c.fibers(5, wait);
    c.threads(2, wait);
    wait_until_dumped(hocket::testing::runtime_under_test(), 5, "waits for an event");
    CHECK(through.load() == 0);
    e.set();
    CHECK(e.is_set());
    e.wait();
    c.join();
    CHECK(through.load() == 7);
    e.set();
    e.wait();
    e.reset();
    e.reset();
    CHECK_FALSE(e.is_set());
    event const other(true);
    CHECK(other.is_set());
    other.wait();
}

FIBER_TEST_CASE("event: who waits goes on even when it is reset at once", .workers = {1, 2, 4}) {
    event e;
    for (int round = 0; round < 30; ++round) {
        crowd c;
        c.fibers(4, [&](int) { e.wait(); });
        wait_until_dumped(hocket::testing::runtime_under_test(), 4, "waits for an event");
        e.set();
        e.reset();
        c.join();
        CHECK_FALSE(e.is_set());
    }
}

FIBER_TEST_CASE("event: waits with a limit", .workers = {1, 2, 4}) {
    event e;
    auto give_up = [&] {
        auto const begin = std::chrono::steady_clock::now();
        bool const patient = !e.wait_for(3ms) && std::chrono::steady_clock::now() - begin >= 3ms;
        auto const slow = slow_clock::now() + 1ms;
        std::stop_source stop;
        stop.request_stop();
        auto const token = stop.get_token();
        return patient && !e.wait_for(-1s) && !e.wait_until(slow) && slow_clock::now() >= slow && !e.wait(token) &&
               !e.wait_for(token, 60s) && !e.wait_until(token, std::chrono::system_clock::now() + 60s);
    };
    CHECK(hocket::async(give_up).get());
    CHECK(on_a_thread(give_up));
    std::stop_source stop;
    auto stopped = hocket::async([&] { return e.wait(stop.get_token()); });
    auto stopped_thread = thread_async([&] { return e.wait_for(stop.get_token(), 60s); });
    auto waits = hocket::async([&] { return e.wait_for(60s); });
    auto thread = thread_async([&] { return e.wait_until(std::chrono::system_clock::now() + 60s); });
    wait_until_dumped(hocket::testing::runtime_under_test(), 2, "waits for an event");
    stop.request_stop();
    CHECK_FALSE(stopped.get());
    CHECK_FALSE(stopped_thread.get());
    e.set();
    CHECK(waits.get());
    CHECK(thread.get());
    CHECK(e.wait_for(0s));
    CHECK(e.wait(stop.get_token()));
}

// Work handed over beside the event: set() after each piece, reset() before looking. None may stay unseen, also when
// set() finds it set already.
FIBER_TEST_CASE("event: no set is lost to a reset", .workers = {1, 2, 4}) {
    constexpr int pieces = 400, givers = 4;
    event e;
    std::atomic<int> pending{0};
    int done = 0;
    crowd c;
    auto give = [&](int who) {
        for (int i = 0; i < pieces; ++i) {
            pending.fetch_add(1, std::memory_order_relaxed);
            e.set();
            if ((i + who) % 8 == 0) hocket::this_fiber::yield();
        }
    };
    c.fibers(givers - 1, give);
    c.threads(1, give);
    while (done != pieces * givers) {
        e.wait();
        e.reset();
        done += pending.exchange(0, std::memory_order_relaxed);
    }
    c.join();
    CHECK(done == pieces * givers);
}

FIBER_TEST_CASE("event: times against set and reset", .workers = {1, 2, 4}) {
    std::uint64_t const seed = test_seed("event");
    event e;
    std::atomic<bool> over{false};
    crowd c;
    auto wait = [&](int who) {
        random_stream random(seed, static_cast<std::uint64_t>(who));
        while (!over.load())
            if (e.wait_for(std::chrono::nanoseconds(random.below(60'000)))) hocket::this_fiber::yield();
    };
    c.fibers(5, wait);
    c.threads(1, wait);
    random_stream random(seed, 99);
    for (int i = 0; i < 300; ++i) {
        e.set();
        if (random.below(2) == 0) hocket::this_fiber::yield();
        e.reset();
        if (random.below(2) == 0) hocket::this_fiber::sleep_for(std::chrono::nanoseconds(random.below(50'000)));
    }
    over.store(true);
    c.join();
    CHECK_FALSE(e.is_set());
}

FIBER_TEST_CASE("event: it may die as soon as who waited has returned", .workers = {1, 2, 4}) {
    for (int i = 0; i < 200; ++i) {
        auto e = std::make_unique<event>();
        event* const known = e.get();
        auto setter = i % 16 == 0 ? thread_async([known] { known->set(); }) : hocket::async([known] { known->set(); });
        if (i % 2 == 0) hocket::this_fiber::yield();
        e->wait();
        e.reset();
        setter.get();
    }
}
