// hocket::counting_semaphore.
#include <hocket/semaphore.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <hocket/fiber.hpp>
#include <thread>
#include <vector>

#include "crowd.hpp"
#include "seed.hpp"

using namespace std::chrono_literals;

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
