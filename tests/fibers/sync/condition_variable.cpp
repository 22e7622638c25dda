// hocket::condition_variable.
#include <hocket/condition_variable.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <hocket/fiber.hpp>
#include <mutex>
#include <shared_mutex>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <vector>

#include <hocket/shared_mutex.hpp>

#include "crowd.hpp"
#include "dumped.hpp"
#include "seed.hpp"
#include "slow_clock.hpp"

using namespace std::chrono_literals;
using hocket::cv_status;

template <class Condition, class Lock>
concept takes = requires(Condition cv, Lock lock) { cv.wait(lock); };
static_assert(takes<hocket::condition_variable, std::unique_lock<hocket::mutex>>);
static_assert(!takes<hocket::condition_variable, std::unique_lock<std::mutex>>);
static_assert(takes<hocket::condition_variable_any, std::unique_lock<std::mutex>>);
static_assert(!std::is_copy_constructible_v<hocket::condition_variable>);
static_assert(!std::is_copy_constructible_v<hocket::condition_variable_any>);

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

FIBER_TEST_CASE("condition_variable: any clock decides for itself when its time has come", .workers = {1, 2, 4}) {
    hocket::mutex m;
    hocket::condition_variable cv;
    auto waits = [&] {
        std::unique_lock held(m);
        auto const slow = slow_clock::now() + 1ms;
        if (cv.wait_until(held, slow, [] { return false; }) || slow_clock::now() < slow) return false;
        auto const later = slow_clock::now() + 1ms;
        while (cv.wait_until(held, later) == cv_status::no_timeout) {
        }
        return slow_clock::now() >= later &&
               cv.wait_until(held, std::chrono::system_clock::time_point::min()) == cv_status::timeout;
    };
    CHECK(hocket::async(waits).get());
    CHECK(on_a_thread(waits));
}

namespace {

// The stop_token waits, which both kinds have.
template <class Condition>
void stops_end_waits() {
    hocket::mutex m;
    Condition cv;
    bool ready = false;
    std::stop_source stop;
    auto const is_ready = [&] { return ready; };
    auto for_ever = [&] {
        std::unique_lock held(m);
        bool const r = cv.wait(held, stop.get_token(), is_ready);
        return r || !held.owns_lock();
    };
    auto for_long = [&] {
        std::unique_lock held(m);
        return cv.wait_for(held, stop.get_token(), 60s, is_ready);
    };
    auto until = [&] {
        std::unique_lock held(m);
        return cv.wait_until(held, stop.get_token(), std::chrono::system_clock::now() + 60s, is_ready);
    };
    auto a = hocket::async(for_ever), b = hocket::async(for_long), c = hocket::async(until);
    auto d = thread_async(for_ever), e = thread_async(until);
    wait_until_dumped(hocket::testing::runtime_under_test(), 3, "waits for a condition variable");
    stop.request_stop();
    for (auto* f : {&a, &b, &c, &d, &e}) CHECK_FALSE(f->get());
    // Asked before: the predicate alone decides.
    CHECK_FALSE(for_ever());
    ready = true;
    CHECK(for_ever());
    CHECK(for_long());
    ready = false;
    stop = std::stop_source();
    {
        std::unique_lock held(m);
        auto const begin = std::chrono::steady_clock::now();
        CHECK_FALSE(cv.wait_for(held, stop.get_token(), 3ms, is_ready));
        CHECK(std::chrono::steady_clock::now() - begin >= 3ms);
        CHECK_FALSE(cv.wait_until(held, stop.get_token(), slow_clock::now() + 1ms, is_ready));
    }
}

}  // namespace

FIBER_TEST_CASE("condition_variable: a stop ends the wait", .workers = {1, 2, 4}) {
    stops_end_waits<hocket::condition_variable>();
    stops_end_waits<hocket::condition_variable_any>();
}

FIBER_TEST_CASE("condition_variable: notifications and stops at once, and nobody is left waiting",
                .workers = {1, 2, 4}) {
    std::uint64_t const seed = test_seed("condition_variable, stopped");
    for (int round = 0; round < 60; ++round) {
        random_stream random(seed, static_cast<std::uint64_t>(round));
        hocket::mutex m;
        hocket::condition_variable cv;
        std::stop_source stop;
        int tokens = 0, taken = 0;
        crowd c;
        auto take = [&](int) {
            std::unique_lock held(m);
            if (!cv.wait(held, stop.get_token(), [&] { return tokens != 0; })) return;
            --tokens;
            ++taken;
        };
        c.fibers(4, take);
        if (round % 8 == 0) c.threads(2, take);
        auto const some = std::chrono::microseconds(random.below(40));
        c.fibers(1, [&](int) {
            hocket::this_fiber::sleep_for(some);
            stop.request_stop();
        });
        for (int i = 0; i < 3; ++i) {
            std::lock_guard const held(m);
            ++tokens;
            cv.notify_one();
        }
        c.join();
        CHECK(tokens + taken == 3);
    }
}

FIBER_TEST_CASE("condition_variable_any: with every kind of lock", .workers = {1, 2, 4}) {
    hocket::condition_variable_any cv;
    hocket::mutex plain;
    hocket::shared_mutex shared;
    std::mutex of_std;
    std::atomic<bool> ready{false};
    auto const is_ready = [&] { return ready.load(); };
    crowd c;
    auto on_the_mutex_itself = [&](int) {
        plain.lock();
        cv.wait(plain, is_ready);
        plain.unlock();
    };
    auto on_a_shared_lock = [&](int) {
        std::shared_lock held(shared);
        cv.wait(held, is_ready);
    };
    c.fibers(2, on_the_mutex_itself);
    c.fibers(2, on_a_shared_lock);
    c.threads(1, on_the_mutex_itself);
    c.threads(1, on_a_shared_lock);
    c.threads(1, [&](int) {
        std::unique_lock held(of_std);
        while (!cv.wait_for(held, 100us, is_ready)) {
        }
        cv.wait(held, is_ready);
    });
    wait_until_dumped(hocket::testing::runtime_under_test(), 4, "waits for a condition variable");
    {
        std::scoped_lock const held(plain, shared);
        ready.store(true);
    }
    cv.notify_all();
    c.join();
    std::unique_lock held(shared);
    CHECK(cv.wait_for(held, 1ms) == cv_status::timeout);
    CHECK(cv.wait_until(held, std::chrono::steady_clock::now() - 1s) == cv_status::timeout);
    CHECK(held.owns_lock());
}
