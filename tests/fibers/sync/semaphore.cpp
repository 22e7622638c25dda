// hocket::counting_semaphore.
#include <hocket/semaphore.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <hocket/fiber.hpp>
#include <memory>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <vector>

#include "crowd.hpp"
#include "dumped.hpp"
#include "seed.hpp"
#include "slow_clock.hpp"

using namespace std::chrono_literals;

static_assert(std::is_same_v<hocket::binary_semaphore, hocket::counting_semaphore<1>>);
static_assert(hocket::binary_semaphore::max() >= 1 && hocket::counting_semaphore<>::max() >= 1'000'000);
static_assert(!std::is_copy_constructible_v<hocket::binary_semaphore>);
static_assert(!std::is_convertible_v<std::ptrdiff_t, hocket::binary_semaphore>);

FIBER_TEST_CASE("semaphore: never more inside than there are permits", .workers = {1, 2, 4}) {
    hocket::counting_semaphore<> s(3);
    std::atomic<int> inside{0}, most{0}, entered{0};
    auto work = [&](int who) {
        for (int i = 0; i < 200; ++i) {
            s.acquire();
            int const now = inside.fetch_add(1) + 1;
            int seen = most.load();
            while (now > seen && !most.compare_exchange_weak(seen, now)) {}
            if ((i + who) % 4 == 0) hocket::this_fiber::yield();
            entered.fetch_add(1);
            inside.fetch_sub(1);
            s.release();
        }
    };
    crowd c;
    c.fibers(10, work);
    c.threads(2, work);
    c.join();
    CHECK(entered.load() == 12 * 200);
    CHECK(most.load() <= 3);
    for (int i = 0; i < 3; ++i) CHECK(s.try_acquire());
    CHECK_FALSE(s.try_acquire());
}

FIBER_TEST_CASE("semaphore: several permits at once wake several", .workers = {1, 2, 4}) {
    hocket::counting_semaphore<100> s(0);
    CHECK(s.max() == 100);
    std::atomic<int> through{0};
    crowd c;
    auto wait = [&](int) {
        s.acquire();
        through.fetch_add(1);
    };
    c.fibers(6, wait);
    c.threads(2, wait);
    hocket::this_fiber::sleep_for(2ms);
    CHECK(through.load() == 0);
    s.release(0);
    s.release(3);
    while (through.load() != 3) hocket::this_fiber::yield();
    hocket::this_fiber::sleep_for(1ms);
    CHECK(through.load() == 3);
    s.release(7);
    c.join();
    CHECK(through.load() == 8);
    CHECK(s.try_acquire());
    CHECK(s.try_acquire());
    CHECK_FALSE(s.try_acquire());
}

FIBER_TEST_CASE("semaphore: waits with a limit", .workers = {1, 2, 4}) {
    hocket::binary_semaphore s(0);
    auto const begin = std::chrono::steady_clock::now();
    CHECK_FALSE(s.try_acquire_for(4ms));
    CHECK(std::chrono::steady_clock::now() - begin >= 4ms);
    CHECK_FALSE(s.try_acquire_for(-1s));
    CHECK_FALSE(s.try_acquire_until(std::chrono::system_clock::now() - 1h));
    bool plain = true;
    std::thread([&] { plain = s.try_acquire_for(2ms); }).join();
    CHECK_FALSE(plain);
    hocket::fiber f([&s] { s.release(); });
    CHECK(s.try_acquire_for(60s));
    f.join();
    s.release();
    CHECK(s.try_acquire_for(0s));
}

FIBER_TEST_CASE("semaphore: permits are neither lost nor made when waits time out as permits come", .workers = {1, 2, 4}) {
    std::uint64_t const seed = test_seed("semaphore");
    constexpr int permits = 2;
    hocket::counting_semaphore<> s(permits);
    std::atomic<int> inside{0}, wrong{0}, got{0}, missed{0};
    auto work = [&](int who) {
        random_stream random(seed, static_cast<std::uint64_t>(who));
        for (int i = 0; i < 250; ++i) {
            if (!s.try_acquire_for(std::chrono::microseconds(random.below(120)))) {
                missed.fetch_add(1, std::memory_order_relaxed);
                continue;
            }
            got.fetch_add(1, std::memory_order_relaxed);
            if (inside.fetch_add(1) >= permits) wrong.fetch_add(1);
            if (random.below(2) == 0) hocket::this_fiber::sleep_for(std::chrono::microseconds(random.below(80)));
            inside.fetch_sub(1);
            s.release();
        }
    };
    crowd c;
    c.fibers(10, work);
    c.threads(2, work);
    c.join();
    CHECK(wrong.load() == 0);
    CHECK(got.load() + missed.load() == 12 * 250);
    for (int i = 0; i < permits; ++i) CHECK(s.try_acquire());
    CHECK_FALSE(s.try_acquire());
}

FIBER_TEST_CASE("semaphore: a permit that is there is taken whatever the limit", .workers = {1, 2}) {
    hocket::counting_semaphore<> s(7);
    std::stop_source stop;
    stop.request_stop();
    auto const token = stop.get_token();
    CHECK(s.try_acquire_for(-1s));
    CHECK(s.try_acquire_until(std::chrono::steady_clock::time_point::min()));
    CHECK(s.try_acquire_until(std::chrono::system_clock::time_point::max()));
    CHECK(s.try_acquire_until(slow_clock::now()));
    CHECK(s.acquire(token));
    CHECK(s.try_acquire_for(token, 0s));
    CHECK(s.try_acquire_until(token, slow_clock::now()));
    CHECK_FALSE(s.try_acquire());
}

FIBER_TEST_CASE("semaphore: any clock decides for itself when its time has come", .workers = {1, 2, 4}) {
    hocket::binary_semaphore s(0);
    auto waits = [&] {
        auto const slow = slow_clock::now() + 1ms;
        auto const wall = std::chrono::system_clock::now() + 1ms;
        return !s.try_acquire_until(slow) && slow_clock::now() >= slow && !s.try_acquire_until(wall) &&
               std::chrono::system_clock::now() >= wall;
    };
    CHECK(hocket::async(waits).get());
    CHECK(on_a_thread(waits));
}

FIBER_TEST_CASE("semaphore: a stop ends the wait", .workers = {1, 2, 4}) {
    hocket::binary_semaphore s(0);
    std::stop_source stop;
    auto for_ever = hocket::async([&] { return s.acquire(stop.get_token()); });
    auto for_long = hocket::async([&] { return s.try_acquire_for(stop.get_token(), 60s); });
    auto thread = thread_async([&] { return s.acquire(stop.get_token()); });
    auto until =
        thread_async([&] { return s.try_acquire_until(stop.get_token(), std::chrono::system_clock::now() + 60s); });
    wait_until_dumped(hocket::testing::runtime_under_test(), 2, "waits for a semaphore");
    stop.request_stop();
    CHECK_FALSE(for_ever.get());
    CHECK_FALSE(for_long.get());
    CHECK_FALSE(thread.get());
    CHECK_FALSE(until.get());
    CHECK_FALSE(s.acquire(stop.get_token()));
    std::stop_source never;
    auto patient = hocket::async([&] { return s.acquire(never.get_token()); });
    s.release();
    CHECK(patient.get());
}

FIBER_TEST_CASE("semaphore: permits are neither lost nor made when stops come as permits do", .workers = {1, 2, 4}) {
    std::uint64_t const seed = test_seed("semaphore, stopped");
    hocket::counting_semaphore<> s(0);
    std::atomic<int> got{0};
    int released = 0;
    for (int round = 0; round < 100; ++round) {
        random_stream random(seed, static_cast<std::uint64_t>(round));
        std::stop_source stop;
        crowd c;
        auto take = [&](int) { got += s.acquire(stop.get_token()); };
        c.fibers(4, take);
        if (round % 8 == 0) c.threads(2, take);
        auto const some = std::chrono::microseconds(random.below(40));
        c.fibers(1, [&](int) {
            hocket::this_fiber::sleep_for(some);
            stop.request_stop();
        });
        for (int i = 0; i < 3; ++i) {
            if (random.below(2) == 0) hocket::this_fiber::sleep_for(std::chrono::microseconds(random.below(30)));
            s.release();
            ++released;
        }
        c.join();
    }
    while (s.try_acquire()) ++got;
    CHECK(got.load() == released);
}

FIBER_TEST_CASE("semaphore: it may die as soon as its permits have been had", .workers = {1, 2, 4}) {
    for (int i = 0; i < 200; ++i) {
        auto s = std::make_unique<hocket::binary_semaphore>(0);
        hocket::binary_semaphore* const known = s.get();
        auto done = hocket::async([known] { known->release(); });
        s->acquire();
        s.reset();
        done.get();
    }
}
