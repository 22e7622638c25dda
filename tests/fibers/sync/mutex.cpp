// hocket::mutex.
#include <hocket/mutex.hpp>
#include <hocket/testing.hpp>

#include <chrono>
#include <hocket/fiber.hpp>
#include <hocket/future.hpp>
#include <mutex>
#include <thread>
#include <vector>

#include "crowd.hpp"
#include "dumped.hpp"

using namespace std::chrono_literals;

FIBER_TEST_CASE("mutex: one at a time, fibers and threads alike", .workers = {1, 2, 4}) {
    hocket::mutex m;
    int inside = 0, wrong = 0;
    long count = 0;
    auto work = [&](int who) {
        for (int i = 0; i < 500; ++i) {
            std::lock_guard const held(m);
            if (++inside != 1) ++wrong;
            ++count;
            if ((i + who) % 16 == 0) hocket::this_fiber::yield();
            --inside;
        }
    };
    crowd c;
    c.fibers(12, work);
    c.threads(2, work);
    c.join();
    CHECK(wrong == 0);
    CHECK(count == 14 * 500);
}

FIBER_TEST_CASE("mutex: try_lock takes it only when it is free", .workers = {1, 2, 4}) {
    hocket::mutex m;
    CHECK(m.try_lock());
    CHECK_FALSE(m.try_lock());
    CHECK_FALSE(hocket::async([&m] { return m.try_lock(); }).get());
    auto waiter = hocket::async([&m] { std::lock_guard const held(m); });
    while (waiter.wait_for(1ms) == hocket::future_status::ready) FAIL("it went past a held mutex");
    CHECK_FALSE(m.try_lock());
    m.unlock();
    waiter.get();
    CHECK(m.try_lock());
    m.unlock();
}

FIBER_TEST_CASE("mutex: it is handed to the longest waiter, so that a fiber that locks again at once starves nobody",
                .workers = {1, 2, 4}) {
    hocket::mutex m;
    std::vector<int> order;
    m.lock();
    std::vector<hocket::fiber> waiters;
    for (int i = 0; i < 5; ++i) {
        waiters.emplace_back([&, i] {
            m.lock();
            order.push_back(i);
            m.unlock();
        });
        wait_until_dumped(hocket::testing::runtime_under_test(), static_cast<std::size_t>(i) + 1, "waits for a mutex");
    }
    for (int i = 0; i < 3; ++i) {  // unlock() gives it away, so lock() waits behind all who came before
        m.unlock();
        m.lock();
        CHECK(order.size() == 5);
    }
    m.unlock();
    for (hocket::fiber& f : waiters) f.join();
    CHECK(order == std::vector<int>{0, 1, 2, 3, 4});
}

FIBER_TEST_CASE("mutex: two of them with scoped_lock", .workers = {1, 2, 4}) {
    hocket::mutex a, b;
    int x = 0;
    crowd c;
    auto forth = [&](int) {
        for (int i = 0; i < 200; ++i) {
            std::scoped_lock const held(a, b);
            ++x;
        }
    };
    auto back = [&](int) {
        for (int i = 0; i < 200; ++i) {
            std::scoped_lock const held(b, a);
            ++x;
        }
    };
    c.fibers(4, forth);
    c.fibers(4, back);
    c.threads(1, back);
    c.join();
    CHECK(x == 9 * 200);
}

FIBER_TEST_CASE("mutex: held over suspensions, unlocked wherever the fiber has come to", .workers = {1, 2, 4}) {
    hocket::mutex m;
    int value = 0, wrong = 0;
    crowd c;
    c.fibers(8, [&](int) {
        for (int i = 0; i < 10; ++i) {
            std::lock_guard const held(m);
            int const before = value;
            hocket::this_fiber::sleep_for(50us);
            hocket::blocking([] {});
            if (value != before) ++wrong;
            value = before + 1;
        }
    });
    c.join();
    CHECK(wrong == 0);
    CHECK(value == 80);
}

FIBER_TEST_CASE("mutex: one that dies as soon as its last waiter has it", .workers = {1, 2, 4}) {
    for (int i = 0; i < 300; ++i) {
        auto* const m = new hocket::mutex;
        m->lock();
        auto last = hocket::async([m] {
            m->lock();
            m->unlock();
            delete m;
        });
        if (i % 3 != 0) hocket::this_fiber::yield();
        m->unlock();  // the waiter may have it, and have deleted it, before this returns
        last.get();
    }
}

TEST_CASE("mutex: without any runtime, between plain threads") {
    hocket::mutex m;
    long count = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 3000; ++i) {
                std::lock_guard const held(m);
                ++count;
                if (i % 100 == 0) hocket::this_fiber::yield();
            }
        });
    for (std::thread& t : threads) t.join();
    CHECK(count == 9000);
}
