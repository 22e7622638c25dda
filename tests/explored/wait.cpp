// Waiting on a whole runtime: the sync objects, sleep, and who ends a wait.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <hocket/hocket.hpp>
#include <memory>
#include <mutex>
#include <new>

#include "check.hpp"
#include "seam/clock.hpp"

using hocket::detail::seam::fault;
using hocket::explorer::finds;
using hocket::explorer::passes;
using hocket::explorer::require;
using hocket::explorer::small;
using hocket::explorer::tally;
using hocket::explorer::thread;
using hocket::explorer::whole;
namespace seam = hocket::detail::seam;
using namespace std::chrono_literals;

namespace {

void mutex_of_fibers_and_threads() {
    hocket::runtime rt{small(2)};
    hocket::mutex m;
    int inside = 0, count = 0;
    auto enter = [&](bool yields) {
        std::lock_guard held(m);
        require(++inside == 1, "one at a time");
        if (yields) hocket::this_fiber::yield();
        ++count;
        --inside;
    };
    thread outsider([&] { enter(false), enter(true); }, "outsider");
    rt.run([&] {
        auto a = hocket::async([&] { enter(true), enter(false); });
        auto b = hocket::async([&] { enter(true); });
        enter(true);
        a.get(), b.get();
    });
    outsider.join();
    require(count == 6, "everybody got in");
}

// A waiter may destroy what it waited for as soon as it has it: the one that let it in touches it no more.
void mutex_that_dies_early() {
    hocket::runtime rt{small(2)};
    rt.run([] {
        auto m = std::make_unique<hocket::mutex>();
        m->lock();
        auto a = hocket::async([&m] {
            m->lock();
            m->unlock();
            m.reset();
        });
        hocket::this_fiber::yield();
        m->unlock();
        a.get();
    });
}

// The same of a channel, and of who received the last value: what was the channel is written over.
void channel_that_dies_early(hocket::launch const& how) {
    using channel = hocket::channel<int>;
    hocket::runtime rt{small(2)};
    rt.run([&how] {
        alignas(channel) std::byte place[sizeof(channel)];
        auto* const c = new (place) channel(hocket::rendezvous);
        auto receiver = hocket::async(how, [c] { require(c->recv() == 1, "the value arrives"); });
        require(c->send(1), "an open channel takes a value");
        std::destroy_at(c);
        std::memset(place, 0xee, sizeof place);
        receiver.get();
    });
}

void channel_of(std::size_t capacity, hocket::launch const& one = {}, hocket::launch const& other = {}) {
    hocket::runtime rt{small(2)};
    hocket::channel<int> ch(capacity);
    tally received, sum;
    rt.run([&] {
        auto produce = [&](int first) {
            for (int i = first; i < first + 3; ++i) require(ch.send(int(i)), "an open channel takes a value");
        };
        auto consume = [&] {
            while (auto v = ch.recv()) ++received, sum += *v;
        };
        auto p = hocket::async(one, [&] { produce(1); });
        auto c = hocket::async(other, consume);
        auto d = hocket::async(one, consume);
        produce(10);
        p.get();
        ch.close();
        c.get(), d.get();
    });
    require(received == 6 && sum == 1 + 2 + 3 + 10 + 11 + 12, "each value arrives once");
}

void sleepers() {
    hocket::runtime rt{small(2)};
    rt.run([] {
        auto sleep = [](std::chrono::nanoseconds d) {
            std::int64_t const begin = seam::now();
            hocket::this_fiber::sleep_for(d);
            require(seam::now() - begin >= d.count(), "nobody wakes early");
        };
        auto a = hocket::async([&] { sleep(5ms); });
        auto b = hocket::async([&] { sleep(1h); });
        sleep(20us);
        a.get(), b.get();
    });
}

// A permit that comes as the waiter gives up is either taken or still there.
void permit_or_timeout() {
    hocket::runtime rt{small(2)};
    hocket::counting_semaphore<> s(0);
    rt.run([&] {
        auto waiter = hocket::async([&] { return s.try_acquire_for(30us); });
        auto second = hocket::async([&] { return s.try_acquire_for(60us); });
        hocket::this_fiber::sleep_for(25us);
        s.release();
        int const got = waiter.get() + second.get();
        require(got + s.try_acquire() == 1, "one permit, one owner");
        require(!s.try_acquire(), "and no more");
    });
}

void notified_or_timeout() {
    hocket::runtime rt{small(2)};
    rt.run([] {
        hocket::mutex m;
        hocket::condition_variable cv;
        bool ready = false;
        auto wait = [&](bool limited) {
            std::unique_lock held(m);
            if (!limited)
                cv.wait(held, [&] { return ready; });
            else if (!cv.wait_for(held, 30us, [&] { return ready; }))
                require(!ready, "a wait that timed out tells the truth");
            require(held.owns_lock(), "the mutex is held again");
        };
        auto a = hocket::async([&] { wait(false); });
        auto b = hocket::async([&] { wait(true); });
        hocket::this_fiber::sleep_for(25us);
        {
            std::lock_guard held(m);
            ready = true;
        }
        cv.notify_one();
        cv.notify_all();
        a.get(), b.get();
    });
}

// Fibers and plain threads wait for each other.
void fibers_and_threads() {
    hocket::runtime rt{small(2)};
    hocket::channel<int> in(1), out;
    hocket::promise<int> told;
    auto answer = told.get_future();
    thread outsider(
        [&] {
            require(in.send(1) && in.send(2), "an open channel takes a value");
            in.close();
            told.set_value(*out.recv());
        },
        "outsider");
    rt.run([&] {
        auto adder = hocket::async([&] {
            int sum = 0;
            while (auto v = in.recv()) sum += *v;
            require(out.send(int(sum)), "an open channel takes a value");
        });
        require(answer.get() == 3, "the sum comes back");
        adder.get();
    });
    outsider.join();
}

}  // namespace

TEST_CASE("wait: nobody waits for ever, nobody goes on too early") {
    passes(whole("mutex"), mutex_of_fibers_and_threads);
    passes(whole("mutex that dies early"), mutex_that_dies_early);
    passes(whole("channel that dies early"), [] { channel_that_dies_early({}); });
    passes(whole("channel that dies early, of a pinned fiber"), [] { channel_that_dies_early({.worker = 1}); });
    passes(whole("rendezvous"), [] { channel_of(0); });
    passes(whole("channel of one"), [] { channel_of(1); });
    passes(whole("rendezvous of pinned fibers"), [] { channel_of(0, {.worker = 0}, {.worker = 1}); });
    passes(whole("channel of one, of pinned fibers"), [] { channel_of(1, {.worker = 0}, {.worker = 1}); });
    passes(whole("sleepers"), sleepers);
    passes(whole("permit or timeout"), permit_or_timeout);
    passes(whole("notified or timeout"), notified_or_timeout);
    passes(whole("fibers and threads"), fibers_and_threads);
}

TEST_CASE("wait: a fiber that sleeps although it has been woken is found") {
    finds(fault::park_ignores_delivery, whole("parks over a permit", 20'000), "deadlock", permit_or_timeout);
    finds(fault::park_ignores_delivery, whole("parks over a value", 20'000), "deadlock", [] { channel_of(1); });
}

TEST_CASE("wait: a fiber that was woken by letter and does not know it is found") {
    finds(fault::letter_keeps_its_link, whole("letter", 20'000), "", [] { channel_of(0, {.worker = 0}, {.worker = 1}); });
}

TEST_CASE("wait: two who end one wait are found") {
    finds(fault::claim_in_two_steps, whole("claimed twice", 50'000), "", permit_or_timeout);
}
