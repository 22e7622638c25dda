// detail::lock: mutual exclusion, and nobody asleep on a free lock.
#include <hocket/detail/lock.hpp>

#include <hocket/detail/atomic.hpp>

#include "check.hpp"

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

}  // namespace

TEST_CASE("lock: one thread at a time, and every waiter is woken") {
    passes({.name = "lock", .schedules = 5000}, three_threads);
    passes({.name = "lock, held for long", .schedules = 2000}, long_holders);
}

TEST_CASE("lock: a waiter that forgets those who sleep beside it is found") {
    finds(fault::lock_forgets_sleepers, {.name = "lock, forgets sleepers", .schedules = 20'000}, "deadlock",
          long_holders);
}
