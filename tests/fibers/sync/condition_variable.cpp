// hocket::condition_variable.
#include <hocket/condition_variable.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <hocket/fiber.hpp>
#include <mutex>
#include <thread>
#include <vector>

#include "crowd.hpp"
#include "seed.hpp"

using namespace std::chrono_literals;
using hocket::cv_status;

FIBER_TEST_CASE("condition_variable: producers and consumers, fibers and threads, on a bounded buffer", .workers = {1, 2, 4}) {
    hocket::mutex m;
    hocket::condition_variable not_empty, not_full;
    std::deque<int> buffer;
    long sent = 0, got = 0;
    constexpr int each = 400, producers = 4, consumers = 4;
    auto produce = [&](int who) {
        for (int i = 0; i < each; ++i) {
            std::unique_lock held(m);
            not_full.wait(held, [&] { return buffer.size() < 3; });
            buffer.push_back(who * each + i);
            sent += who * each + i;
            held.unlock();
            not_empty.notify_one();
        }
    };
    auto consume = [&](int) {
        for (int i = 0; i < each; ++i) {
            std::unique_lock held(m);
            not_empty.wait(held, [&] { return !buffer.empty(); });
            got += buffer.front();
            buffer.pop_front();
            held.unlock();
            not_full.notify_one();
        }
    };
    crowd c;
    c.fibers(producers - 1, produce);
    c.threads(1, produce);
    c.fibers(consumers - 1, consume);
    c.threads(1, consume);
    c.join();
    CHECK(buffer.empty());
    CHECK(sent == got);
}

FIBER_TEST_CASE("condition_variable: notify_one wakes one, notify_all wakes the rest", .workers = {1, 2, 4}) {
    hocket::mutex m;
    hocket::condition_variable cv;
    int waiting = 0, woken = 0;
    crowd c;
    auto wait = [&](int) {
        std::unique_lock held(m);
        ++waiting;
        cv.wait(held);
        ++woken;
    };
    c.fibers(5, wait);
    c.threads(2, wait);
    auto counts = [&](int& what) {
        std::lock_guard const held(m);
        return what;
    };
    while (counts(waiting) != 7) hocket::this_fiber::sleep_for(100us);
    CHECK(counts(woken) == 0);
    for (int i = 1; i <= 3; ++i) {
        cv.notify_one();
        while (counts(woken) != i) hocket::this_fiber::sleep_for(100us);
        hocket::this_fiber::sleep_for(1ms);
        CHECK(counts(woken) == i);
    }
    cv.notify_all();
    c.join();
    CHECK(woken == 7);
    cv.notify_one();  // nobody
    cv.notify_all();
}

FIBER_TEST_CASE("condition_variable: waits with a limit", .workers = {1, 2, 4}) {
    hocket::mutex m;
    hocket::condition_variable cv;
    std::unique_lock held(m);
    auto const begin = std::chrono::steady_clock::now();
    CHECK(cv.wait_for(held, 5ms) == cv_status::timeout);
    CHECK(held.owns_lock());
    CHECK(std::chrono::steady_clock::now() - begin >= 5ms);
    CHECK(cv.wait_until(held, std::chrono::steady_clock::now() - 1s) == cv_status::timeout);
    CHECK_FALSE(cv.wait_for(held, 2ms, [] { return false; }));
    CHECK(cv.wait_for(held, 0ms, [] { return true; }));
    int looks = 0;
    CHECK(cv.wait_until(held, std::chrono::system_clock::now() + 2ms, [&] { return ++looks == 2; }));
    CHECK(looks == 2);
    bool flag = false;
    hocket::fiber setter([&] {
        std::lock_guard const mine(m);
        flag = true;
        cv.notify_one();
    });
    CHECK(cv.wait_for(held, 60s, [&] { return flag; }));
    held.unlock();
    setter.join();
    held.lock();
    std::thread([&] {  // and for a plain thread
        std::unique_lock mine(m, std::defer_lock);
        hocket::mutex other;
        std::unique_lock other_held(other);
        if (cv.wait_for(other_held, 3ms) != cv_status::timeout) flag = false;
    }).join();
    CHECK(flag);
}

// A notification that meets a waiter whose time is up must not be used up by it. Patient waiters that no notification is on its
// way to are surely queued while the mutex is held: so each one sent then ends exactly one wait, sooner or later.
FIBER_TEST_CASE("condition_variable: no notification is lost to a wait that times out", .workers = {1, 2, 4}) {
    std::uint64_t const seed = test_seed("condition_variable");
    hocket::mutex m;
    hocket::condition_variable cv;
    int sent = 0, received = 0, patient_waiting = 0;
    bool over = false;
    crowd c;
    c.fibers(6, [&](int who) {
        random_stream random(seed, static_cast<std::uint64_t>(who));
        std::unique_lock held(m);
        while (!over)
            if (cv.wait_for(held, std::chrono::microseconds(random.below(150))) == cv_status::no_timeout && !over) ++received;
    });
    c.threads(1, [&](int who) {
        random_stream random(seed, static_cast<std::uint64_t>(who));
        std::unique_lock held(m);
        while (!over)
            if (cv.wait_for(held, std::chrono::microseconds(random.below(150))) == cv_status::no_timeout && !over) ++received;
    });
    c.fibers(3, [&](int) {
        std::unique_lock held(m);
        while (!over) {
            ++patient_waiting;
            cv.wait(held);
            --patient_waiting;
            if (!over) ++received;
        }
    });
    random_stream random(seed, 99);
    while (sent < 3000) {
        {
            std::lock_guard const held(m);
            if (patient_waiting > sent - received) {
                cv.notify_one();
                ++sent;
            }
        }
        if (random.below(3) == 0)
            hocket::this_fiber::sleep_for(std::chrono::microseconds(random.below(60)));
        else
            hocket::this_fiber::yield();
    }
    auto const end = std::chrono::steady_clock::now() + 20s;
    for (bool all = false; !all && std::chrono::steady_clock::now() < end; hocket::this_fiber::sleep_for(1ms)) {
        std::lock_guard const held(m);
        all = received == sent;
    }
    {
        std::lock_guard const held(m);
        CHECK(received == sent);
        over = true;
        cv.notify_all();
    }
    c.join();
}

FIBER_TEST_CASE("condition_variable: it may die as soon as all who waited have been notified", .workers = {1, 2, 4}) {
    for (int i = 0; i < 200; ++i) {
        hocket::mutex m;
        auto* const cv = new hocket::condition_variable;
        bool waits = false;
        hocket::fiber f([&] {
            std::unique_lock held(m);
            waits = true;
            cv->wait(held);
        });
        while (true) {
            std::lock_guard const held(m);
            if (!waits) {
                hocket::this_fiber::yield();
                continue;
            }
            cv->notify_all();
            delete cv;
            break;
        }
        f.join();
    }
}
