// A runtime is cancelled while its fibers go to sleep, are woken, and time out: none stays, and nothing is lost.
#include "fibers/sched/cancel.hpp"

#include <chrono>
#include <hocket/barrier.hpp>
#include <hocket/cancelled.hpp>
#include <hocket/channel.hpp>
#include <hocket/condition_variable.hpp>
#include <hocket/event.hpp>
#include <hocket/future.hpp>
#include <hocket/go.hpp>
#include <hocket/limiter.hpp>
#include <hocket/mutex.hpp>
#include <hocket/select.hpp>
#include <hocket/semaphore.hpp>
#include <hocket/this_fiber.hpp>
#include <mutex>
#include <optional>

#include "check.hpp"
#include "fibers/sched/scheduler.hpp"
#include "seam/futex.hpp"

using hocket::cancelled;
using hocket::channel_status;
using hocket::detail::atomic;
using hocket::detail::scheduler;
using hocket::detail::task_kind;
using hocket::detail::seam::fault;
using hocket::explorer::complete;
using hocket::explorer::finds;
using hocket::explorer::passes;
using hocket::explorer::require;
using hocket::explorer::tally;
using hocket::explorer::thread;
using hocket::explorer::whole;
using namespace std::chrono_literals;
namespace seam = hocket::detail::seam;

namespace {

// Pinned fibers are woken by letter.
template <class F>
void spawn(scheduler& s, F f, hocket::launch const& how = {}) {
    hocket::detail::spawn_with(&s, task_kind::ordinary, &how, std::move(f));
}

void cancel(scheduler& s) { require(s.cancel(seam::forever), "without a deadline all ends"); }

// One item, which the receiver gets, or the sender keeps.
void item_or_cancel(hocket::launch const& how) {
    scheduler s(complete(1));
    s.start();
    hocket::channel<int> c;
    tally got, sent;
    spawn(
        s,
        [&] {
            try {
                got += c.recv().has_value();
            } catch (cancelled const&) {
            }
        },
        how);
    thread sender([&] { sent += c.try_send(1) == channel_status::success; }, "sender");
    cancel(s);
    sender.join();
    require(got == sent, "the item that was sent is received");
}

// The same between two fibers of two workers, one of which waits with a deadline.
void both_sides(hocket::launch const& receiver, hocket::launch const& sender) {
    scheduler s(complete(2));
    s.start();
    hocket::channel<int> c;
    tally got, sent;
    spawn(
        s,
        [&] {
            try {
                std::optional<int> to;
                got += c.recv_for(to, 10us) == channel_status::success;
                got += c.recv().has_value();
            } catch (cancelled const&) {
            }
        },
        receiver);
    spawn(
        s,
        [&] {
            try {
                for (int i = 0; i < 2; ++i) sent += c.send(i);
            } catch (cancelled const&) {
            }
        },
        sender);
    cancel(s);
    require(got == sent, "what was sent is received");
}

// Permits and notifications: who gives them while somebody is cancelled loses none.
void permits() {
    scheduler s(complete(2));
    s.start();
    hocket::counting_semaphore<> permits(0);
    tally got;
    for (int i = 0; i < 2; ++i)
        spawn(s, [&] {
            try {
                permits.acquire();
                ++got;
            } catch (cancelled const&) {
            }
        });
    thread giver([&] { permits.release(2); }, "giver");
    cancel(s);
    giver.join();
    while (permits.try_acquire()) ++got;
    require(got == 2, "each permit has one owner");
}

void notified() {
    scheduler s(complete(1));
    s.start();
    hocket::mutex m;
    bool ready = false;
    {
        hocket::condition_variable changed;
        thread notifier(
            [&] {
                std::lock_guard const held(m);
                ready = true;
                changed.notify_all();
            },
            "notifier");
        spawn(s, [&] {
            std::unique_lock held(m);
            try {
                changed.wait(held, [&] { return ready; });
            } catch (cancelled const&) {
                require(held.owns_lock(), "the lock is held again");
            }
        });
        cancel(s);
        notifier.join();
    }
    require(m.try_lock(), "the mutex is free");
    m.unlock();
}

// Several channels, of which any may come first.
void chosen() {
    scheduler s(complete(1));
    s.start();
    hocket::channel<int> a, b;
    tally got, sent;
    spawn(s, [&] {
        try {
            hocket::select(hocket::on_recv(a, [&](std::optional<int>) { ++got; }),
                           hocket::on_recv(b, [&](std::optional<int>) { ++got; }));
        } catch (cancelled const&) {
        }
    });
    thread to_a([&] { sent += a.try_send(1) == channel_status::success; }, "to a");
    thread to_b([&] { sent += b.try_send(1) == channel_status::success; }, "to b");
    cancel(s);
    to_a.join(), to_b.join();
    require(got == sent, "one channel gave it");
}

// A result, which is set as the waiter is cancelled: he has it, or may ask again.
void result_or_cancel() {
    scheduler s(complete(1));
    s.start();
    hocket::promise<int> told;
    hocket::shared_future<int> result = told.get_future();
    tally got, gave_up;
    spawn(s, [&] {
        try {
            got += result.get();
        } catch (cancelled const&) {
            ++gave_up;
            require(result.valid(), "he who was cancelled still has the future");
        }
    });
    thread teller([&] { told.set_value(1); }, "teller");
    cancel(s);
    teller.join();
    require(got + gave_up <= 1, "one of the two");
    require(result.get() == 1, "the result is there");
}

// A place in a limiter, and a phase of a barrier that two fibers and a thread arrive at.
void places_and_phases() {
    scheduler s(complete(1));
    s.start();
    hocket::limiter one(1);
    hocket::barrier<> two(2);
    spawn(s, [&] {
        try {
            auto const mine = one.enter();
            two.arrive_and_wait();
        } catch (cancelled const&) {
        }
    });
    thread other(
        [&] {
            if (auto const mine = one.try_enter()) seam::now();
            static_cast<void>(two.arrive());
        },
        "other");
    cancel(s);
    other.join();
    require(one.in_flight() == 0, "every place is free again");
}

// The fibers of another runtime wait for the same.
void of_another_runtime() {
    scheduler stays(complete(1));
    stays.start();
    hocket::channel<int> c;
    tally got;
    spawn(stays, [&] { got += c.recv().value_or(0); });
    {
        scheduler goes(complete(1));
        goes.start();
        spawn(goes, [&] {
            try {
                got += c.recv().value_or(0);
            } catch (cancelled const&) {
            }
        });
        cancel(goes);
    }
    if (got == 0) require(c.send(1), "the channel is open");
    c.close();
    stays.shutdown();
    require(got == 1, "who stays gets the item");
}

// Fibers that go to sleep, that are spawned, delayed, or begin, as it comes.
void all_end() {
    scheduler s(complete(2));
    s.start();
    hocket::event never;
    hocket::mutex m;
    for (int i = 0; i < 2; ++i)
        spawn(s, [&] {
            std::lock_guard const held(m);
            hocket::go([] {});
            hocket::go({.delay = 1h}, [] { require(false, "it does not begin"); });
            never.wait();
        });
    cancel(s);
}

// Its deadline comes as well.
void timed() {
    scheduler s(complete(1));
    s.start();
    hocket::event never;
    tally ended;
    spawn(s, [&] {
        try {
            static_cast<void>(never.wait_for(10us));
            hocket::this_fiber::sleep_for(10us);
            never.wait();
        } catch (cancelled const&) {
        }
        ++ended;
    });
    cancel(s);
    require(ended <= 1, "it ends once");
}

// Two cancel, one only drains.
void by_several() {
    scheduler s(complete(1));
    hocket::event never;
    spawn(s, [&] { never.wait(); });
    s.start();
    thread other([&] { cancel(s); }, "other");
    thread drains([&] { s.shutdown(); }, "drains");
    cancel(s);
    other.join(), drains.join();
}

// Worker 0 has lost its thread, and the last task ends as another thread is started for it; somebody else is refused.
void last_ends_meanwhile() {
    scheduler s(complete(2));
    spawn(s, [] { seam::now(); });
    s.run_first([](void*) {}, nullptr, nullptr);
    thread stranger(
        [&] {
            try {
                spawn(s, [] {});
            } catch (hocket::no_runtime const&) {
            }
        },
        "stranger");
    cancel(s);
    stranger.join();
    s.shutdown();
}

}  // namespace

TEST_CASE("cancel: nothing is lost to a fiber that is cancelled") {
    passes(whole("item or cancel"), [] { item_or_cancel({}); });
    passes(whole("item or cancel, pinned"), [] { item_or_cancel({.worker = 0}); });
    passes(whole("both sides"), [] { both_sides({}, {}); });
    passes(whole("both sides, pinned"), [] { both_sides({.worker = 0}, {.worker = 1}); });
    passes(whole("permits"), permits);
    passes(whole("notified"), notified);
    passes(whole("chosen"), chosen);
    passes(whole("result or cancel"), result_or_cancel);
    passes(whole("places and phases"), places_and_phases);
    passes(whole("of another runtime", 800), of_another_runtime);
    finds(fault::claim_ignores_cancel, whole("item or cancel", 20'000), "", [] { item_or_cancel({}); });
    finds(fault::claim_ignores_cancel, whole("item or cancel, pinned", 20'000), "", [] { item_or_cancel({.worker = 0}); });
}

TEST_CASE("cancel: no fiber stays asleep") {
    passes(whole("all end"), all_end);
    passes(whole("timed"), timed);
    passes(whole("by several"), by_several);
    passes(whole("the last ends meanwhile"), last_ends_meanwhile);
    finds(fault::park_ignores_cancel, whole("all end", 20'000), "", all_end);
}
