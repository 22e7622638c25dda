// hocket::timed_mutex: the contract of std::timed_mutex, and giving up against getting it.
#include <hocket/timed_mutex.hpp>
#include <hocket/testing.hpp>

#include <chrono>
#include <mutex>
#include <stop_token>
#include <type_traits>

#include "crowd.hpp"
#include "dumped.hpp"
#include "seed.hpp"
#include "slow_clock.hpp"

using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<hocket::timed_mutex> && !std::is_copy_assignable_v<hocket::timed_mutex>);

FIBER_TEST_CASE("timed_mutex: lock, try_lock, unlock, as a mutex", .workers = {1, 2, 4}) {
    hocket::timed_mutex m;
    int inside = 0, wrong = 0, count = 0;
    crowd c;
    auto work = [&](int) {
        for (int i = 0; i < 200; ++i) {
            std::lock_guard const held(m);
            if (++inside != 1) ++wrong;
            if (i % 16 == 0) hocket::this_fiber::yield();
            --inside;
            ++count;
        }
    };
    c.fibers(6, work);
    c.threads(2, work);
    c.join();
    CHECK(wrong == 0);
    CHECK(count == 8 * 200);
    CHECK(m.try_lock());
    CHECK_FALSE(on_a_thread([&] { return m.try_lock(); }));
    m.unlock();
}

FIBER_TEST_CASE("timed_mutex: a free one is taken whatever the limit", .workers = {1, 2}) {
    hocket::timed_mutex m;
    auto takes = [&](bool got) {
        CHECK(got);
        m.unlock();
    };
    takes(m.try_lock_for(-1s));
    takes(m.try_lock_for(0ns));
    takes(m.try_lock_for(std::chrono::duration<double>(0.5)));
    takes(m.try_lock_for(std::chrono::hours::max()));
    takes(m.try_lock_until(std::chrono::steady_clock::time_point::min()));
    takes(m.try_lock_until(std::chrono::steady_clock::now()));
    takes(m.try_lock_until(std::chrono::system_clock::time_point::max()));
    std::stop_source stop;
    stop.request_stop();
    takes(m.lock(stop.get_token()));
    takes(m.try_lock_for(stop.get_token(), 1s));
    takes(m.try_lock_until(stop.get_token(), std::chrono::steady_clock::now() + 1s));
}

FIBER_TEST_CASE("timed_mutex: a held one is given up when the time has come, not before", .workers = {1, 2, 4}) {
    hocket::timed_mutex m;
    std::lock_guard const held(m);
    auto waits = [&] {
        auto const begin = std::chrono::steady_clock::now();
        if (m.try_lock_for(4ms) || std::chrono::steady_clock::now() - begin < 4ms) return false;
        if (m.try_lock_for(-1h) || m.try_lock_until(std::chrono::system_clock::time_point::min())) return false;
        auto const until = std::chrono::system_clock::now() + 3ms;
        if (m.try_lock_until(until) || std::chrono::system_clock::now() < until) return false;
        auto const slow = slow_clock::now() + 1ms;
        return !m.try_lock_until(slow) && slow_clock::now() >= slow;
    };
    CHECK(hocket::async(waits).get());
    CHECK(on_a_thread(waits));
}

FIBER_TEST_CASE("timed_mutex: it is handed to who waits within his time", .workers = {1, 2, 4}) {
    hocket::timed_mutex m;
    auto waits = [&] {
        bool const got = m.try_lock_for(60s);
        if (got) m.unlock();
        return got;
    };
    m.lock();
    auto fiber = hocket::async(waits);
    auto thread = thread_async(waits);
    hocket::this_fiber::sleep_for(1ms);
    m.unlock();
    CHECK(fiber.get());
    CHECK(thread.get());
}

FIBER_TEST_CASE("timed_mutex: a stop ends the wait", .workers = {1, 2, 4}) {
    hocket::timed_mutex m;
    std::unique_lock held(m);
    for (bool const asked_before : {true, false}) {
        std::stop_source stop;
        if (asked_before) stop.request_stop();
        auto for_ever = hocket::async([&] { return m.lock(stop.get_token()); });
        auto for_long = hocket::async([&] { return m.try_lock_for(stop.get_token(), 60s); });
        auto until = thread_async(
            [&] { return m.try_lock_until(stop.get_token(), std::chrono::system_clock::now() + 60s); });
        if (!asked_before) {
            wait_until_dumped(hocket::testing::runtime_under_test(), 2, "waits for a mutex");
            stop.request_stop();
        }
        CHECK_FALSE(for_ever.get());
        CHECK_FALSE(for_long.get());
        CHECK_FALSE(until.get());
    }
    std::stop_source never;
    CHECK_FALSE(hocket::async([&] { return m.try_lock_for(never.get_token(), 1ms); }).get());
    auto waiter = hocket::async([&] {
        bool const got = m.lock(never.get_token());
        if (got) m.unlock();
        return got;
    });
    held.unlock();
    CHECK(waiter.get());
}

// Times and stops that come just as the mutex does: nobody is inside with another, and nobody is left waiting for a
// mutex that was handed to one who had gone.
FIBER_TEST_CASE("timed_mutex: times and stops against unlock", .workers = {1, 2, 4}) {
    std::uint64_t const seed = test_seed("timed_mutex");
    hocket::timed_mutex m;
    int inside = 0, wrong = 0;  // guarded by m
    crowd c;
    auto work = [&](int who) {
        random_stream random(seed, static_cast<std::uint64_t>(who));
        for (int i = 0; i < 150; ++i) {
            std::stop_source stop;
            auto const some = std::chrono::microseconds(random.below(100));
            bool got = true;
            switch (random.below(4)) {
                case 0: m.lock(); break;
                case 1: got = m.try_lock_for(some); break;
                case 2: got = m.try_lock_for(stop.get_token(), some); break;
                default: {
                    hocket::fiber stopper([&] {
                        hocket::this_fiber::sleep_for(some);
                        stop.request_stop();
                    });
                    got = m.lock(stop.get_token());
                }
            }
            if (!got) continue;
            if (++inside != 1) ++wrong;
            if (random.below(4) == 0)
                hocket::this_fiber::sleep_for(std::chrono::microseconds(random.below(60)));
            else
                hocket::this_fiber::yield();
            --inside;
            m.unlock();
        }
    };
    c.fibers(8, work);
    c.threads(2, [&](int who) {
        random_stream random(seed, static_cast<std::uint64_t>(who));
        for (int i = 0; i < 150; ++i) {
            if (!m.try_lock_for(std::chrono::microseconds(random.below(100)))) continue;
            if (++inside != 1) ++wrong;
            --inside;
            m.unlock();
        }
    });
    c.join();
    CHECK(wrong == 0);
    CHECK(m.try_lock());
    m.unlock();
}
