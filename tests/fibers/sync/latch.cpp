// hocket::latch: the contract of std::latch.
#include <hocket/latch.hpp>
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
using hocket::latch;

static_assert(!std::is_copy_constructible_v<latch> && !std::is_copy_assignable_v<latch>);
static_assert(!std::is_convertible_v<std::ptrdiff_t, latch>);
static_assert(latch::max() >= 1'000'000);

FIBER_TEST_CASE("latch: who waits goes on when the count comes to zero, and sees what came before",
                .workers = {1, 2, 4}) {
    latch ready(6);
    std::atomic<int> through{0};
    int written[6] = {};
    crowd c;
    auto wait = [&](int) {
        ready.wait();
        int sum = 0;
        for (int const w : written) sum += w;
        through += sum == 21;
    };
    c.fibers(4, wait);
    c.threads(2, wait);
    hocket::this_fiber::sleep_for(1ms);
    CHECK(through.load() == 0);
    auto count = [&](int who) {
        written[who - 6] = who - 5;
        ready.count_down();
    };
    c.fibers(3, count);
    c.threads(3, count);
    c.join();
    CHECK(through.load() == 6);
    CHECK(ready.try_wait());
    ready.wait();
    ready.wait();
}

FIBER_TEST_CASE("latch: counts of several, of none, and try_wait", .workers = {1, 2}) {
    latch l(5);
    CHECK_FALSE(l.try_wait());
    l.count_down(3);
    l.count_down(0);
    CHECK_FALSE(l.try_wait());
    l.arrive_and_wait(2);
    CHECK(l.try_wait());
    l.count_down(0);
    CHECK(l.try_wait());
    latch const open(0);
    CHECK(open.try_wait());
    open.wait();
}

FIBER_TEST_CASE("latch: arrive_and_wait", .workers = {1, 2, 4}) {
    latch all(8);
    std::atomic<int> before{0}, wrong{0};
    crowd c;
    auto work = [&](int) {
        ++before;
        all.arrive_and_wait();
        if (before.load() != 8) ++wrong;
    };
    c.fibers(6, work);
    c.threads(2, work);
    c.join();
    CHECK(wrong.load() == 0);
}

FIBER_TEST_CASE("latch: waits with a limit", .workers = {1, 2, 4}) {
    latch l(1);
    auto give_up = [&] {
        auto const begin = std::chrono::steady_clock::now();
        bool const patient = !l.wait_for(3ms) && std::chrono::steady_clock::now() - begin >= 3ms;
        auto const slow = slow_clock::now() + 1ms;
        std::stop_source stop;
        stop.request_stop();
        return patient && !l.wait_for(-1s) && !l.wait_until(slow) && slow_clock::now() >= slow &&
               !l.wait(stop.get_token());
    };
    CHECK(hocket::async(give_up).get());
    CHECK(on_a_thread(give_up));
    std::stop_source stop;
    auto stopped = hocket::async([&] { return l.wait(stop.get_token()); });
    auto waits = hocket::async([&] { return l.wait_for(60s); });
    auto thread = thread_async([&] { return l.wait_until(std::chrono::system_clock::now() + 60s); });
    wait_until_dumped(hocket::testing::runtime_under_test(), 2, "waits for a latch");
    stop.request_stop();
    CHECK_FALSE(stopped.get());
    l.count_down();
    CHECK(waits.get());
    CHECK(thread.get());
    CHECK(l.wait_for(0s));
    CHECK(l.wait(stop.get_token()));
}

FIBER_TEST_CASE("latch: a limit that meets the last count tells the truth", .workers = {1, 2, 4}) {
    std::uint64_t const seed = test_seed("latch");
    random_stream random(seed, 1000);
    for (int round = 0; round < 100; ++round) {
        latch l(1);
        std::atomic<int> wrong{0};
        crowd c;
        auto wait = [&, round](int who) {
            random_stream mine(seed, static_cast<std::uint64_t>(round * 16 + who));
            if (l.wait_for(std::chrono::nanoseconds(mine.below(60'000))) && !l.try_wait()) ++wrong;
            l.wait();
        };
        c.fibers(3, wait);
        if (round % 8 == 0) c.threads(1, wait);
        if (random.below(2) == 0) hocket::this_fiber::sleep_for(std::chrono::nanoseconds(random.below(60'000)));
        l.count_down();
        c.join();
        CHECK(wrong.load() == 0);
    }
}

FIBER_TEST_CASE("latch: it may die as soon as who waited has returned", .workers = {1, 2, 4}) {
    for (int i = 0; i < 200; ++i) {
        auto l = std::make_unique<latch>(2);
        latch* const known = l.get();
        auto count = [known] { known->count_down(); };
        auto fiber = hocket::async(count);
        auto other = i % 16 == 0 ? thread_async(count) : hocket::async(count);
        l->wait();
        l.reset();
        fiber.get(), other.get();
    }
}
