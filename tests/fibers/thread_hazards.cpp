// What belongs to a thread, seen by a fiber that goes on on another: each hazard of docs/hazards.md, and what to use instead.
#include <hocket/testing.hpp>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <hocket/hocket.hpp>
#include <mutex>
#include <thread>

#include "moving.hpp"

namespace this_fiber = hocket::this_fiber;

namespace {

// Asked anew each time: not inline, and opaque, for compilers remember what a thread's properties were.
template <class F>
[[gnu::noinline]] auto ask(F f) {
    asm volatile("" ::: "memory");
    return f();
}

thread_local int of_the_thread = 0;
hocket::fiber_local<int> of_the_fiber;

}  // namespace

FIBER_TEST_CASE("hazards: thread_local variables are the first thread's, fiber_local ones go along",
                .workers = {2, 4}) {
    hocket::fiber([] {
        int* const address = ask([] { return &of_the_thread; });
        *address = 17;
        *of_the_fiber = 17;
        int const from = move_elsewhere();
        REQUIRE(this_fiber::worker() != from);
        CHECK(ask([] { return &of_the_thread; }) != address);
        CHECK(*of_the_fiber == 17);
        *address = 0;
    }).join();
}

FIBER_TEST_CASE("hazards: errno is the first thread's", .workers = {2, 4}) {
    hocket::fiber([] {
        int* const address = ask([] { return &errno; });
        *address = EDOM;
        int const copy = ask([] { return errno; });
        move_elsewhere();
        CHECK(ask([] { return &errno; }) != address);
        CHECK(copy == EDOM);  // what was copied in time is there
    }).join();
}

FIBER_TEST_CASE("hazards: the thread's id changes, the fiber's does not", .workers = {2, 4}) {
    hocket::fiber([] {
        auto const thread = ask([] { return pthread_self(); });
        auto const id = this_fiber::get_id();
        move_elsewhere();
        CHECK_FALSE(pthread_equal(ask([] { return pthread_self(); }), thread));
        CHECK(this_fiber::get_id() == id);
    }).join();
}

#ifndef HOCKET_TSAN  // which says of both, rightly, that a thread does wrong
FIBER_TEST_CASE("hazards: a thread's mutex cannot be unlocked by another thread, a hocket::mutex can",
                .workers = {2, 4}) {
    hocket::fiber([] {
        // As std::mutex is, but that it says so.
        pthread_mutexattr_t checked;
        pthread_mutexattr_init(&checked);
        pthread_mutexattr_settype(&checked, PTHREAD_MUTEX_ERRORCHECK);
        pthread_mutex_t m;
        pthread_mutex_init(&m, &checked);
        hocket::mutex ours;
        REQUIRE(pthread_mutex_lock(&m) == 0);
        ours.lock();
        int const from = move_elsewhere();
        CHECK(pthread_mutex_unlock(&m) == EPERM);
        ours.unlock();
        CHECK(ours.try_lock());
        ours.unlock();
        // It takes the thread that locked it.
        hocket::fiber({.worker = from}, [&m] { CHECK(pthread_mutex_unlock(&m) == 0); }).join();
        pthread_mutex_destroy(&m);
        pthread_mutexattr_destroy(&checked);
    }).join();
}

FIBER_TEST_CASE("hazards: a thread's recursive mutex lets in every fiber of its thread", .workers = {1, 2}) {
    std::recursive_mutex theirs;
    hocket::recursive_mutex ours;
    std::atomic<bool> looked{false};
    hocket::fiber holds({.worker = 0}, [&] {
        theirs.lock();
        ours.lock();
        hocket::fiber looks({.worker = 0}, [&] {
            CHECK(theirs.try_lock());  // though another fiber is inside
            theirs.unlock();
            CHECK_FALSE(ours.try_lock());
            looked.store(true);
        });
        while (!looked.load()) this_fiber::yield();
        ours.unlock();
        theirs.unlock();
    });
    holds.join();
}

#endif

namespace {
std::atomic<bool> begun{false};
hocket::event initialised;
int initialised_slowly() {
    static int const value = [] {
        begun.store(true);
        initialised.wait();
        return 5;
    }();
    return value;
}
}  // namespace

FIBER_TEST_CASE("hazards: who waits for a static that is being initialised, or for std::call_once, blocks its worker",
                .workers = {2}) {
    // Once in a process: the first context that comes here sees it.
    std::atomic<bool> entering{false}, after{false};
    std::atomic<int> sum{0};
    hocket::fiber first({.worker = 1}, [&] {
        // On worker 1, so that what follows can only block worker 0.
        auto const stays = this_fiber::pin();
        sum += initialised_slowly();
    });
    while (!begun.load()) this_fiber::sleep_for(std::chrono::microseconds(100));
    hocket::fiber second({.worker = 0}, [&] {
        entering.store(true);
        sum += initialised_slowly();
    });
    hocket::fiber third({.worker = 0}, [&] { after.store(true); });
    hocket::fiber watches({.worker = 1}, [&] {
        while (!entering.load()) this_fiber::yield();
        for (int i = 0; i < 20; ++i) this_fiber::sleep_for(std::chrono::microseconds(100));
        bool const first_time = !initialised.is_set();
        if (first_time) CHECK_FALSE(after.load());  // worker 0 is stuck
        initialised.set();
    });
    watches.join(), first.join(), second.join(), third.join();
    CHECK(after.load());
    CHECK(sum.load() == 10);
}

FIBER_TEST_CASE("hazards: hocket::call_once suspends those who wait", .workers = {1, 2}) {
    hocket::once_flag once;
    hocket::event go_on;
    std::atomic<int> calls{0}, others{0};
    hocket::scope all;
    for (int i = 0; i < 3; ++i)
        all.spawn({.worker = 0}, [&] {
            hocket::call_once(once, [&] {
                go_on.wait();
                ++calls;
            });
        });
    all.spawn({.worker = 0}, [&] {
        ++others;
        go_on.set();
    });
    all.join();
    CHECK(calls.load() == 1);
    CHECK(others.load() == 1);
}
