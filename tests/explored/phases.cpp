// What waits for phases, and call_once, among plain threads.
#include <chrono>
#include <hocket/barrier.hpp>
#include <hocket/event.hpp>
#include <hocket/latch.hpp>
#include <hocket/once.hpp>
#include <memory>
#include <optional>

#include "check.hpp"
#include "seam/clock.hpp"

using hocket::detail::seam::fault;
using hocket::explorer::explore_options;
using hocket::explorer::finds;
using hocket::explorer::passes;
using hocket::explorer::require;
using hocket::explorer::tally;
using hocket::explorer::thread;
namespace seam = hocket::detail::seam;
using namespace std::chrono_literals;

namespace {

explore_options named(char const* name, unsigned schedules = 10'000) {
    return {.name = name, .schedules = schedules, .max_steps = 20'000};
}

// Plain variables: the latch orders them. Who has waited last destroys it.
void latch_of_threads() {
    auto l = std::make_unique<hocket::latch>(2);
    hocket::latch* const known = l.get();
    int x = 0, y = 0;
    thread a([&] { x = 1, known->count_down(); }, "a"), b([&] { y = 2, known->count_down(); }, "b");
    l->wait();
    require(x + y == 3, "what came before the latch is seen after it");
    l.reset();
    a.join(), b.join();
}

void latch_or_time() {
    hocket::latch l(1);
    thread hasty(
        [&] {
            if (l.wait_for(1us)) require(l.try_wait(), "a wait tells the truth");
        },
        "hasty");
    thread patient([&] { l.wait(), require(l.try_wait(), "open is open"); }, "patient");
    l.count_down();
    hasty.join(), patient.join();
}

void barrier_of_threads() {
    int completed = 0;
    int step[3] = {};
    auto completion = [&]() noexcept {
        ++completed;
        for (int const s : step) require(s == completed, "all have arrived");
    };
    hocket::barrier<decltype(completion)> all(3, completion);
    auto work = [&](int me) {
        for (int phase = 1; phase <= 2; ++phase) {
            step[me] = phase;
            all.arrive_and_wait();
            require(completed >= phase, "the completion comes before the waiters go on");
        }
    };
    // No more than one phase apart, so completed is not written while it is read: a waiter has yet to arrive.
    thread a([&] { work(0); }, "a"), b([&] { work(1); }, "b");
    work(2);
    a.join(), b.join();
}

// One leaves after the first phase; a token waited for in pieces.
void barrier_and_drop() {
    hocket::barrier<> all(2);
    thread leaves([&] { all.arrive_and_drop(); }, "leaves");
    auto arrived = all.arrive();
    while (!all.wait_for(arrived, 1us)) {
    }
    all.arrive_and_wait();
    leaves.join();
}

// set() after each piece of work, reset() before looking.
void event_of_threads() {
    hocket::event e;
    hocket::detail::atomic<int> pending{0};
    auto give = [&] {
        pending.fetch_add(1, hocket::detail::relaxed);
        e.set();
    };
    thread a(give, "a"), b(give, "b");
    int done = 0;
    while (done != 2) {
        e.wait();
        e.reset();
        done += pending.exchange(0, hocket::detail::relaxed);
    }
    a.join(), b.join();
}

// Set and reset at once: who waited goes on.
void pulse() {
    hocket::event e;
    thread waiter([&] { e.wait(); }, "waiter");
    thread hasty([&] { static_cast<void>(e.wait_for(1us)); }, "hasty");
    e.set();
    hasty.join();
    e.reset();
    e.set();
    waiter.join();
}

// The setter touches nothing of an event that a waiter has seen set.
void event_that_dies_early() {
    auto e = std::make_unique<hocket::event>();
    hocket::event* const known = e.get();
    thread setter([known] { known->set(); }, "setter");
    e->wait();
    e.reset();
    setter.join();
}

void once_of_threads() {
    hocket::once_flag flag;
    int calls = 0, result = 0;
    tally thrown;
    auto work = [&] {
        try {
            hocket::call_once(flag, [&] {
                if (++calls == 1) throw 1;
                seam::now();
                result = 7;
            });
            require(result == 7, "what was done once is seen");
        } catch (int) {
            ++thrown;
        }
    };
    thread a(work, "a"), b(work, "b");
    work();
    a.join(), b.join();
    require(calls == 2 && thrown == 1, "once, but for the one that failed");
}

}  // namespace

TEST_CASE("phases: latch") {
    passes(named("latch"), latch_of_threads);
    passes(named("latch or time"), latch_or_time);
    finds(fault::phase_is_not_looked_at_again, named("latch, broken", 50'000), "deadlock", latch_of_threads);
}

TEST_CASE("phases: barrier") {
    passes(named("barrier"), barrier_of_threads);
    passes(named("barrier and drop"), barrier_and_drop);
    finds(fault::phase_is_not_looked_at_again, named("barrier, broken", 50'000), "", barrier_of_threads);
}

TEST_CASE("phases: event") {
    passes(named("event"), event_of_threads);
    passes(named("pulse"), pulse);
    passes(named("event that dies early"), event_that_dies_early);
    finds(fault::phase_is_not_looked_at_again, named("event, broken", 50'000), "", event_of_threads);
}

TEST_CASE("phases: call_once") {
    passes(named("once"), once_of_threads);
    finds(fault::once_calls_again, named("once, broken", 50'000), "once, but for the one that failed",
          once_of_threads);
}
