// The sync objects among plain threads: what the fibers of runtime.cpp do, without a scheduler below.
#include <chrono>
#include <cstddef>
#include <hocket/channel.hpp>
#include <hocket/condition_variable.hpp>
#include <hocket/detail/shared_state.hpp>
#include <hocket/future.hpp>
#include <hocket/mutex.hpp>
#include <hocket/semaphore.hpp>
#include <memory>
#include <mutex>
#include <optional>

#include "check.hpp"
#include "seam/clock.hpp"

using hocket::channel_status;
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

void mutex_of_threads() {
    hocket::mutex m;
    int inside = 0, count = 0;
    auto work = [&] {
        for (int i = 0; i < 2; ++i) {
            std::lock_guard held(m);
            require(++inside == 1, "one at a time");
            seam::now();  // a scheduling point
            ++count;
            --inside;
        }
        if (m.try_lock()) {
            require(++inside == 1, "one at a time, also after try_lock()");
            seam::now();
            --inside;
            m.unlock();
        }
    };
    thread a(work, "a"), b(work, "b"), c(work, "c");
    a.join(), b.join(), c.join();
    require(count == 6, "everybody got in");
    require(m.try_lock(), "the mutex is free at the end");
    m.unlock();
}

// The last to hold it may destroy it.
void mutex_that_dies_early() {
    auto m = std::make_unique<hocket::mutex>();
    m->lock();
    thread heir([&] {
        m->lock();
        m->unlock();
        m.reset();
    });
    m->unlock();
    heir.join();
}

// One permit, two who give up at some time: it has one owner.
void permit_or_timeout() {
    hocket::counting_semaphore<> s(0);
    tally got;
    auto wait = [&](std::chrono::nanoseconds d) { got += s.try_acquire_for(d); };
    thread a([&] { wait(1us); }, "hasty"), b([&] { wait(20us); }, "patient");
    s.release();
    a.join(), b.join();
    require(got + s.try_acquire() == 1, "one permit, one owner");
    require(!s.try_acquire(), "and no more");
}

void permits_reach_all() {
    hocket::counting_semaphore<> s(2);  // one for the body to keep, one that goes round
    auto work = [&] {
        s.acquire();
        seam::now();
        s.release();
    };
    thread a(work), b(work), c([&] { s.acquire(), s.release(2); });
    s.acquire();
    a.join(), b.join(), c.join();
}

// Textbook condition: a flag under a mutex.
void flag_and_condition(bool limited) {
    hocket::mutex m;
    hocket::condition_variable cv;
    bool ready = false;
    auto wait = [&] {
        std::unique_lock held(m);
        if (!limited)
            cv.wait(held, [&] { return ready; });
        else if (!cv.wait_for(held, 1us, [&] { return ready; }))
            require(!ready, "a wait that timed out tells the truth");
        require(held.owns_lock(), "the mutex is held again");
    };
    thread a(wait), b(wait);
    {
        std::lock_guard held(m);
        ready = true;
    }
    cv.notify_one();
    cv.notify_one();
    a.join(), b.join();
}

// A notification that was used up by one who timed out in the same moment would leave the other asleep.
void one_notification_each() {
    hocket::mutex m;
    hocket::condition_variable cv;
    int tokens = 0, taken = 0;
    auto wait = [&](bool limited) {
        std::unique_lock held(m);
        while (tokens == 0)
            if (!limited)
                cv.wait(held);
            else if (cv.wait_for(held, 1us) == hocket::cv_status::timeout)
                return;
        --tokens;
        ++taken;
    };
    auto give = [&] {
        std::lock_guard held(m);
        ++tokens;
        cv.notify_one();
    };
    thread hasty([&] { wait(true); }, "hasty"), patient([&] { wait(false); }, "patient");
    give();
    hasty.join();
    if (std::unique_lock held(m); taken == 1 && tokens == 0) {
        held.unlock();
        give();
    }
    patient.join();
}

void channel_of(std::size_t capacity) {
    hocket::channel<std::unique_ptr<int>> ch(capacity);
    tally received, sum;
    auto produce = [&](int first) {
        for (int i = first; i < first + 2; ++i)
            require(ch.send(std::make_unique<int>(i)), "an open channel takes a value");
    };
    auto consume = [&] {
        while (auto v = ch.recv()) ++received, sum += **v;
    };
    thread p([&] { produce(1); }, "producer"), q([&] { produce(10); }, "producer");
    thread c(consume, "consumer"), d(consume, "consumer");
    p.join(), q.join();
    ch.close();
    c.join(), d.join();
    require(received == 4 && sum == 1 + 2 + 10 + 11, "each value arrives once");
}

// close() against a sender and receivers that are on their way to wait: nobody waits for ever, and what was sent
// arrives.
void channel_closed_early(std::size_t capacity) {
    hocket::channel<int> ch(capacity);
    tally sent, received;
    thread s([&] { for (int i = 0; i < 2; ++i) sent += ch.send(int(i)); }, "sender");
    thread r([&] { while (ch.recv()) ++received; }, "receiver");
    ch.close();
    s.join(), r.join();
    require(sent == received, "what was sent arrives");
    require(ch.try_send(1) == channel_status::closed, "a closed channel takes nothing");
}

void promise_kept() {
    hocket::promise<int> p;
    auto f = p.get_future();
    thread keeper([p = std::make_shared<hocket::promise<int>>(std::move(p))] { p->set_value(7); }, "keeper");
    require(f.get() == 7, "the value arrives");
    keeper.join();
}

void promise_waited_for() {
    hocket::promise<int> p;
    auto f = p.get_future();
    thread keeper([&] { p.set_value(7); }, "keeper");
    while (f.wait_for(1us) == hocket::future_status::timeout) {
    }
    require(f.get() == 7, "the value arrives");
    keeper.join();
}

// Who waits for one of three, of which two happen, goes on when one has; a third wait of the same kind is in its way.
void any_of_three() {
    hocket::detail::completion a, b, never;
    hocket::detail::completion* const all[] = {&never, &a, &b};
    auto wait = [&] {
        std::size_t const i = hocket::detail::completion::wait_any(all, 3);
        require(i < 3 && all[i]->is_set(), "it has happened");
    };
    thread first([&] { a.set(); }, "first"), second([&] { b.set(); }, "second"), other(wait, "other");
    wait();
    first.join(), second.join(), other.join();
}

}  // namespace

TEST_CASE("sync: mutex") {
    passes(named("mutex of threads"), mutex_of_threads);
    passes(named("mutex of threads that dies early"), mutex_that_dies_early);
    finds(fault::lock_wipes_out_waiters, named("waiters wiped out", 50'000), "deadlock", mutex_of_threads);
}

TEST_CASE("sync: semaphore") {
    passes(named("permit or timeout, threads"), permit_or_timeout);
    passes(named("permits reach all"), permits_reach_all);
    finds(fault::semaphore_sleeps_without_retry, named("permits, broken", 50'000), "deadlock", permits_reach_all);
    // A claim given to somebody who has gone: a permit is lost, or the memory of his frame is written to.
    finds(fault::claim_in_two_steps, named("claim, broken", 50'000), "", permit_or_timeout);
}

TEST_CASE("sync: condition variable") {
    passes(named("flag and condition"), [] { flag_and_condition(false); });
    passes(named("flag and condition, limited"), [] { flag_and_condition(true); });
    passes(named("one notification each"), one_notification_each);
    finds(fault::condition_unlocks_first, named("condition, broken", 50'000), "deadlock",
          [] { flag_and_condition(false); });
    finds(fault::claim_in_two_steps, named("claim of a condition, broken", 50'000), "", one_notification_each);
}

TEST_CASE("sync: channel") {
    for (std::size_t const capacity : {0, 1, 2}) {
        passes(named("channel"), [=] { channel_of(capacity); });
        passes(named("channel closed early"), [=] { channel_closed_early(capacity); });
    }
}

TEST_CASE("sync: promise and future") {
    passes(named("promise kept"), promise_kept);
    passes(named("promise waited for"), promise_waited_for);
}

TEST_CASE("sync: any of several") {
    passes(named("any of three"), any_of_three);
    finds(fault::any_is_not_looked_at_again, named("any is not looked at again", 50'000), "deadlock", any_of_three);
    finds(fault::claim_in_two_steps, named("any claimed twice", 50'000), "", any_of_three);
}
