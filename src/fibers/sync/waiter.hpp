// One wait of one fiber or one plain thread: who may end it, and how it goes to sleep without missing that.
//
// States (word_), bits that are only ever added:
//
//   0                     registered with its sources, still awake
//   + parked              asleep: only the waker can make it go on
//   + claimed | key<<8    a waker has won; what it delivers is its business; nobody else will wake
//   + delivered           the waker is done: the waiter may go on, and its frame may die
//   alone | parked        a fiber with one source and no timer, which shows itself only when it sleeps
//   + bound               the same of one that is pinned: its worker is in owner()
//
// Protocol: a waiter lives in its owner's frame. It registers with its sources (wait queues, one timer), then calls
//   wait(). Each source's waker, holding that source's lock, calls claim(); the one compare-and-swap that adds
//   `claimed` picks the winner. The winner delivers the item or the permit, drops the lock and calls deliver(), after
//   which it must not touch the waiter. deliver() makes the fiber ready only if it has parked; otherwise the waiter
//   finds `delivered` when it wants to park. So a fiber is never made ready before its context has been stored
//   (invariant I4 of worker.hpp). Losers forget the waiter before they drop their lock; when the wait has ended the
//   waiter takes the lock of every source that did not wake it, to unregister, and so outlives their last look.
//   A stop that is asked for is one more source: a std::stop_callback that lives as long as the wait. Its destructor
//   blocks its thread while the callback runs on another, so no lock is held then; the callback is one compare-and-swap
//   and a wake, and never suspends.
//   A fiber with one source and no timer keeps its source's lock until its context has been stored: whoever finds it
//   finds it asleep. Only a cancellation may contest it, and its waker needs no atomic operation to claim and to wake it
//   (alone) as long as nobody cancels: see sched/cancel.hpp. A wait that has been cancelled has no link.
//   If it is pinned elsewhere as well, its waker leaves a letter (this waiter) with its worker, and touches nothing of the
//   task: for all who look, it sleeps until the worker has read that (worker::drain_mail()). Its frame lives as long.
//   A cancellation is one more source where the reason of the wait allows it; its key is `cancelled`. Whoever finds that
//   key has left his sources as after a deadline, and throws.
// Memory order: deliver() releases all the waker did; the waiter acquires it in wait(). Parking releases the waiter's
//   frame to the waker that makes it ready.
#pragma once

#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/fault.hpp>
#include <hocket/detail/wait_limit.hpp>

#include "fibers/sched/cancel.hpp"
#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/switch.hpp"
#include "fibers/sched/task.hpp"
#include "fibers/sched/timer_wheel.hpp"
#include "fibers/sched/wait_reason.hpp"
#include "seam/futex.hpp"
#include "seam/lock.hpp"

namespace hocket::inline HOCKET_ABI::detail {

class waiter : letter {
public:
    // What ended a wait: 0 is the deadline, sources use keys from 1 on, the last two are the stop and
    // the cancellation.
    static constexpr std::uint32_t timed_out = 0;
    static constexpr std::uint32_t stopped = 0xff'ffff;
    static constexpr std::uint32_t cancelled = 0xff'fffe;
    static bool gave_up(std::uint32_t key) noexcept { return key == timed_out || key >= cancelled; }

    // A wait of the calling fiber, or thread. [any thread]
    explicit waiter(wait_reason why) noexcept : letter{nullptr, this_task()}, why_(why) {}
    waiter(waiter const&) = delete;
    waiter& operator=(waiter const&) = delete;

    // Sleeps until a source has delivered, or the limit has come. Returns the winner's key. [any thread, the owner]
    std::uint32_t wait(wait_limit const& limit = {}) noexcept {
        if (limit.stop != nullptr) return wait_stoppable(limit);
        if (about == nullptr) return wait_as_thread(limit.deadline);
        return limit.none() ? wait_as_fiber() : wait_as_fiber(limit.deadline);
    }

    // The same where `guard`, the lock of the one source, is held: it is dropped when nothing more can be missed.
    // [any thread, the owner]
    std::uint32_t wait(lock& guard, wait_limit const& limit = {}) noexcept {
        // Observers run user's code in between.
        if (limit.none() && about != nullptr)
            if (worker& w = *this_worker(); !w.special) [[likely]] return wait_alone(w, guard);
        guard.drop();
        return wait(limit);
    }

    // True for the one waker that may end the wait. Under the source's lock. [any thread]
    bool claim(std::uint32_t key) noexcept {
        std::uint32_t seen = word_.load(relaxed);
        if ((seen & alone) != 0) [[likely]] {
            word_.store(seen | claimed | key << 8, relaxed);
            return !may_be_cancelled() || claim_before_cancel();
        }
        if (seam::fault_injected(seam::fault::claim_in_two_steps) && (seen & claimed) == 0) {
            word_.fetch_or(claimed | key << 8, acq_rel);
            return true;
        }
        while ((seen & claimed) == 0)
            // acquire: what the waiter wrote before it parked
            if (word_.compare_exchange_weak(seen, seen | claimed | key << 8, acq_rel, relaxed)) return true;
        return false;
    }

    // Ends the wait that claim() has won. The waiter may be gone when it returns. Not under the source's lock if the
    // source may die with the waiter. [any thread]
    void deliver() noexcept {
        task* const t = about;
        std::uint32_t const seen = word_.load(relaxed);
        if ((seen & bound) != 0)
            if (worker& there = owner(); &there != this_worker()) return there.sched.post(there, *this);
        if ((seen & alone) != 0) [[likely]] {
            t->home->make_ready(t);
            return;
        }
        std::uint32_t const before = word_.fetch_or(delivered, acq_rel);
        if ((before & parked) != 0) wake(t);
    }

    // claim() and deliver() in one, where nothing is delivered but the wake itself. [any thread]
    bool end(std::uint32_t key) noexcept {
        task* const t = about;
        std::uint32_t seen = word_.load(relaxed);
        while ((seen & claimed) == 0)
            if (word_.compare_exchange_weak(seen, seen | claimed | delivered | key << 8, acq_rel, relaxed)) {
                if ((seen & parked) != 0) wake(t);
                return true;
            }
        return false;
    }

private:
    friend struct deadline_timer;
    friend bool end_wait(task& t) noexcept;
    static constexpr std::uint32_t parked = 1, claimed = 2, delivered = 4, alone = 8, bound = 16;

    // What `link` is while it waits alone: the source's lock until it sleeps, then, of one that is bound, its worker. In
    // the mail it is a letter's, and null when the wait has been cancelled.
    lock* source() const noexcept { return reinterpret_cast<lock*>(link); }
    worker& owner() const noexcept { return *reinterpret_cast<worker*>(link); }

    std::uint32_t wait_alone(worker& w, lock& guard) noexcept {
        word_.store(alone | parked, relaxed);
        link = reinterpret_cast<letter*>(&guard);
        say_whether_cancellable(w);
        suspend(why_, &park_alone, this);
        return link != nullptr ? word_.load(relaxed) >> 8 : cancelled;
    }

    std::uint32_t wait_stoppable(wait_limit const& limit) noexcept;
    std::uint32_t wait_as_fiber() noexcept;
    std::uint32_t wait_as_fiber(std::int64_t deadline) noexcept;
    std::uint32_t wait_as_thread(std::int64_t deadline) noexcept;
    void wake(task* t) noexcept;
    bool claim_before_cancel() noexcept;
    bool cancel() noexcept;
    static void cancel_on_the_way(worker& w, waiter* me, lock& source, bool cancellable) noexcept;
    static void park(worker& w, void* self);
    static void park_alone(worker& w, void* self) {
        auto* const me = static_cast<waiter*>(self);
        lock* const source = me->source();
        task* const t = me->about;
        bool const cancellable = t->link != nullptr;  // asleep, it may be in a queue already
        if (t->pinned == static_cast<int>(w.index)) {
            me->word_.store(alone | parked | bound, relaxed);
            me->link = reinterpret_cast<letter*>(&w);
        }
        t->fall_asleep();
        if (may_be_cancelled()) [[unlikely]] return cancel_on_the_way(w, me, *source, cancellable);
        source->drop();  // from here on the waiter may be gone
    }

    // Says whether a cancellation may end it, before the suspension on worker w; from the moment that it is asleep one finds it.
    void say_whether_cancellable(worker const& w) noexcept {
        bool const may = why_ != wait_reason::mutex && why_ != wait_reason::join && !about->shielded &&
                         !w.exceptions->unwinding();
        about->link = may ? reinterpret_cast<task*>(this) : nullptr;
    }
    // Whether its runtime is being cancelled, and that concerns it.
    bool sees_cancel(bool cancellable) const noexcept {
        return cancellable && about->home->cancelling() && !seam::fault_injected(seam::fault::park_ignores_cancel);
    }

    atomic<std::uint32_t> word_{0};
    wait_reason const why_;
};

// For who finds that a wait has ended by cancellation.
[[noreturn]] void throw_cancelled();

}  // namespace hocket::inline HOCKET_ABI::detail
