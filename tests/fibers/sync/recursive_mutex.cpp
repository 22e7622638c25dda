// hocket::recursive_mutex, hocket::recursive_timed_mutex: the contracts of std's.
#include <hocket/recursive_mutex.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <hocket/parallel_invoke.hpp>
#include <mutex>
#include <stop_token>
#include <type_traits>

#include "crowd.hpp"
#include "seed.hpp"

using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<hocket::recursive_mutex>);
static_assert(!std::is_copy_constructible_v<hocket::recursive_timed_mutex>);

namespace {

// Goes down and up again, holding `m` once more at each level.
template <class Mutex>
void dive(Mutex& m, int& inside, int& wrong, int depth) {
    std::lock_guard const held(m);
    if (inside++ != 3 - depth) ++wrong;
    if (depth != 0)
        dive(m, inside, wrong, depth - 1);
    else
        hocket::this_fiber::yield();
    --inside;
}

template <class Mutex>
void crowd_dives() {
    Mutex m;
    int inside = 0, wrong = 0;
    crowd c;
    auto work = [&](int) {
        for (int i = 0; i < 100; ++i) dive(m, inside, wrong, 3);
    };
    c.fibers(6, work);
    c.threads(2, work);
    c.join();
    CHECK(wrong == 0);
    CHECK(inside == 0);
}

template <class Mutex>
void only_the_last_unlock_frees() {
    Mutex m;
    auto free = [&] {
        bool const got = m.try_lock();
        if (got) m.unlock();
        return got;
    };
    m.lock();
    CHECK(m.try_lock());
    m.lock();
    for (int held = 3; held != 0; --held) {
        CHECK_FALSE(hocket::async(free).get());
        CHECK_FALSE(on_a_thread(free));
        m.unlock();
    }
    CHECK(hocket::async(free).get());
    CHECK(on_a_thread(free));
}

}  // namespace

FIBER_TEST_CASE("recursive_mutex: its owner goes in again, all others wait", .workers = {1, 2, 4}) {
    crowd_dives<hocket::recursive_mutex>();
    crowd_dives<hocket::recursive_timed_mutex>();
}

FIBER_TEST_CASE("recursive_mutex: free after as many unlocks as locks", .workers = {1, 2, 4}) {
    only_the_last_unlock_frees<hocket::recursive_mutex>();
    only_the_last_unlock_frees<hocket::recursive_timed_mutex>();
}

FIBER_TEST_CASE("recursive_mutex: the owner is the fiber, wherever it has come to", .workers = {1, 2, 4}) {
    hocket::recursive_mutex m;
    crowd c;
    int wrong = 0;
    c.fibers(4, [&](int) {
        for (int i = 0; i < 20; ++i) {
            m.lock();
            hocket::this_fiber::sleep_for(20us);
            if (!m.try_lock()) ++wrong;
            hocket::blocking([] {});
            m.unlock();
            m.unlock();
        }
    });
    c.join();
    CHECK(wrong == 0);
}

FIBER_TEST_CASE("recursive_mutex: a forked job is another than who forked it", .workers = {1, 2, 4}) {
    hocket::recursive_mutex m;
    hocket::fiber_id const owner = hocket::this_fiber::get_id();
    std::atomic<int> wrong{0}, strangers{0};
    m.lock();
    auto tries = [&] {
        bool const got = m.try_lock(), is_owner = hocket::this_fiber::get_id() == owner;
        if (got != is_owner) ++wrong;
        if (!is_owner) ++strangers;
        if (got) m.unlock();
    };
    hocket::parallel_invoke(tries, tries, tries);
    m.unlock();
    CHECK(wrong.load() == 0);
    CHECK(strangers.load() >= 2);
}

FIBER_TEST_CASE("recursive_timed_mutex: limits are for those who do not have it", .workers = {1, 2, 4}) {
    hocket::recursive_timed_mutex m;
    std::stop_source stop;
    stop.request_stop();
    CHECK(m.try_lock_for(0s));
    CHECK(m.try_lock_for(-1s));
    CHECK(m.try_lock_until(std::chrono::system_clock::now() - 1h));
    CHECK(m.lock(stop.get_token()));
    CHECK(m.try_lock_for(stop.get_token(), 1s));
    CHECK(m.try_lock_until(stop.get_token(), std::chrono::steady_clock::now()));
    auto give_up = [&] {
        auto const begin = std::chrono::steady_clock::now();
        bool const patient = !m.try_lock_for(3ms) && std::chrono::steady_clock::now() - begin >= 3ms;
        return patient && !m.lock(stop.get_token()) && !m.try_lock_until(std::chrono::system_clock::now() + 1ms);
    };
    CHECK(hocket::async(give_up).get());
    CHECK(on_a_thread(give_up));
    auto waiter = hocket::async([&] {
        bool const got = m.try_lock_for(60s);
        if (got) m.unlock();
        return got;
    });
    for (int i = 0; i < 6; ++i) m.unlock();
    CHECK(waiter.get());
}
