// detail::lock: mutual exclusion, and nobody asleep on a free lock.

#include <cstddef>
#include <hocket/detail/atomic.hpp>
#include <new>

#include "check.hpp"
#include "seam/lock.hpp"

using hocket::detail::atomic;
using hocket::detail::hold;
using hocket::detail::lock;
using hocket::explorer::finds;
using hocket::explorer::passes;
using hocket::explorer::require;
using hocket::explorer::thread;
using hocket::detail::seam::fault;

namespace {

void three_threads() {
    lock l;
    atomic<int> inside{0};
    int count = 0;  // guarded by l
    auto enter = [&] {
        require(inside.fetch_add(1) == 0, "one thread holds the lock");
        ++count;
        inside.fetch_sub(1);
    };
    auto work = [&] {
        for (int i = 0; i < 2; ++i) {
            hold h(l);
            enter();
        }
        if (l.try_acquire()) {
            enter();
            l.drop();
        }
    };
    thread a(work, "a"), b(work, "b"), c(work, "c");
    a.join(), b.join(), c.join();
    require(count >= 6, "nobody was turned away");
    require(l.try_acquire(), "the lock is free at the end");
}

// Many of the schedules in which a waiter spins to the end and sleeps need a holder that stands still for long.
void long_holders() {
    lock l;
    auto work = [&] {
        hold h(l);
        atomic<int> busy{0};
        for (int i = 0; i < 200; ++i) busy.fetch_add(1);
    };
    thread a(work, "a"), b(work, "b"), c(work, "c");
    a.join(), b.join(), c.join();
}

// Two locks that share a place in the table of sleepers, as all do here: a wake meant for one may wake nobody.
void two_locks() {
    lock first, second;
    auto work = [&](lock& outer, lock* inner) {
        hold h(outer);
        atomic<int> busy{0};
        for (int i = 0; i < 80; ++i) busy.fetch_add(1);
        if (inner != nullptr) hold g(*inner);
    };
    thread a([&] { work(first, nullptr); }, "a"), b([&] { work(first, &second); }, "b"),
        c([&] { work(second, nullptr); }, "c");
    a.join(), b.join(), c.join();
    require(first.try_acquire() && second.try_acquire(), "both locks are free at the end");
}

// The next holder may destroy the lock: whoever gave it back writes nothing there.
void lock_that_dies_early() {
    alignas(lock) unsigned char place[sizeof(lock)];
    auto* const l = ::new (place) lock;
    l->acquire();
    thread heir([&] {
        l->acquire();
        l->~lock();
        for (unsigned char& byte : place) byte = 0xA5;
    });
    atomic<int> busy{0};
    for (int i = 0; i < 80; ++i) busy.fetch_add(1);
    l->drop();
    heir.join();
    for (unsigned char const byte : place) require(byte == 0xA5, "nobody touches a lock that is not his any more");
}

}  // namespace

TEST_CASE("lock: one thread at a time, and every waiter is woken") {
    passes({.name = "lock", .schedules = 5000}, three_threads);
    passes({.name = "lock, held for long", .schedules = 2000}, long_holders);
    passes({.name = "two locks", .schedules = 2000}, two_locks);
    passes({.name = "lock that dies early", .schedules = 2000}, lock_that_dies_early);
}

TEST_CASE("lock: a waiter that forgets those who sleep beside it is found") {
    finds(fault::lock_forgets_sleepers, {.name = "lock, forgets sleepers", .schedules = 20'000}, "deadlock",
          long_holders);
}
