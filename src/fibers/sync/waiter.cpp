// Parking and waking: see the head of waiter.hpp.
#include "fibers/sync/waiter.hpp"

#include <hocket/cancelled.hpp>

#include "seam/clock.hpp"
#include "seam/stop_listener.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// Runs on the stack that follows, when the fiber's context has been stored.
void waiter::park(worker& w, void* self) {
    auto* const me = static_cast<waiter*>(self);
    task* const t = me->about;
    bool const cancellable = t->link != nullptr;
    t->fall_asleep();
    // It has not parked yet, so it is found delivered below, whoever has cancelled it.
    if (may_be_cancelled() && me->sees_cancel(cancellable)) {
        w.call();
        static_cast<void>(me->cancel());
    }
    std::uint32_t const before = me->word_.fetch_or(parked, acq_rel);
    if (seam::fault_injected(seam::fault::park_ignores_delivery)) return;
    if ((before & delivered) != 0) w.sched.make_ready(t);  // it was faster than we parked
}

// The same for one that is alone. Its source's lock is held: only a cancellation competes.
void waiter::cancel_on_the_way(worker& w, waiter* me, lock& source, bool cancellable) noexcept {
    task* const t = me->about;
    bool ended = false;
    if (me->sees_cancel(cancellable)) {
        w.call();
        hold const held(t->home->parked.guard);
        ended = me->cancel();
    }
    source.drop();
    if (ended) w.sched.make_ready(t);
}

// Somebody cancels: whether this claim came first. If not the fiber, on its way out, waits for the lock of the source that
// the caller holds.
bool waiter::claim_before_cancel() noexcept {
    if (seam::fault_injected(seam::fault::claim_ignores_cancel)) return true;
    hold const held(about->home->parked.guard);
    return link != nullptr;
}

// Ends the wait for a cancellation, unless it has ended: whether the caller has to make the task ready. One that is alone:
// under parked_watch::guard.
bool waiter::cancel() noexcept {
    std::uint32_t seen = word_.load(relaxed);
    if ((seen & alone) != 0) {
        if ((seen & claimed) != 0 || link == nullptr) return false;
        link = nullptr;
        return true;
    }
    while ((seen & claimed) == 0)
        if (word_.compare_exchange_weak(seen, seen | claimed | delivered | cancelled << 8, acq_rel, relaxed))
            return (seen & parked) != 0;
    return false;
}

bool end_wait(task& t) noexcept {
    auto* const w = reinterpret_cast<waiter*>(t.link);
    return w != nullptr && w->cancel();
}

void throw_cancelled() { throw hocket::cancelled(); }

void waiter::wake(task* t) noexcept {
    if (t != nullptr)
        t->home->make_ready(t);
    else
        seam::futex_wake(word_, 1);  // the word may be gone already: only its address is used
}

std::uint32_t waiter::wait_as_fiber() noexcept {
    // acquire: pairs with the release in deliver()
    if ((word_.load(acquire) & delivered) == 0) {
        say_whether_cancellable(*this_worker());
        suspend(why_, &park, this);
    }
    return word_.load(acquire) >> 8;
}

// Not inline: it says who its thread is, and compilers remember that over a suspension.
std::uint32_t waiter::wait_stoppable(wait_limit const& limit) noexcept {
    auto stop_waiting = [this]() noexcept { end(stopped); };
    if (seam::fault_injected(seam::fault::stop_is_asked_once)) {
        if (limit.stop->stop_requested()) stop_waiting();
        return wait(limit.deadline);
    }
    seam::stop_listener<decltype(stop_waiting)> const listening(*limit.stop, stop_waiting);
    return wait(limit.deadline);
}

// A deadline as a source of its own; its lock is the wheel's.
struct deadline_timer : timer {
    explicit deadline_timer(waiter& w) noexcept : waits(w) {
        fire = [](timer& self) noexcept -> task* {
            waiter& w = static_cast<deadline_timer&>(self).waits;
            task* const t = w.about;
            std::uint32_t seen = w.word_.load(relaxed);
            while ((seen & waiter::claimed) == 0)
                if (w.word_.compare_exchange_weak(seen, seen | waiter::claimed | waiter::delivered, acq_rel, relaxed))
                    return (seen & waiter::parked) != 0 ? t : nullptr;
            return nullptr;
        };
    }
    waiter& waits;
};

std::uint32_t waiter::wait_as_fiber(std::int64_t when) noexcept {
    deadline_timer limit(*this);
    limit.deadline = when;
    about->home->arm(limit);
    std::uint32_t const key = wait_as_fiber();
    if (key != timed_out) timer_wheel::cancel(limit);
    return key;
}

std::uint32_t waiter::wait_as_thread(std::int64_t when) noexcept {
    std::uint32_t seen = word_.fetch_or(parked, acq_rel) | parked;
    while ((seen & delivered) == 0) {
        if (!seam::futex_wait(word_, seen, when) && end(timed_out)) break;
        seen = word_.load(acquire);
        // A winner that has claimed will deliver soon: only that counts now.
        if ((seen & claimed) != 0) when = seam::forever;
    }
    return word_.load(acquire) >> 8;
}

}  // namespace hocket::inline HOCKET_ABI::detail
