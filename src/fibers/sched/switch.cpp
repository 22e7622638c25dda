// Every jump of the scheduler, and the landing on the other side: see the invariants of worker.hpp.
#include "fibers/sched/switch.hpp"

#include <hocket/detail/fault.hpp>
#include <hocket/runtime.hpp>

#include "fibers/sched/execute.hpp"
#include "fibers/sched/hop.hpp"
#include "fibers/sched/own_fp.hpp"
#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/worker.hpp"
#include "fibers/sched/yield.hpp"

namespace hocket::inline HOCKET_ABI::detail {

static void keep_spare(worker& w, void* s) {
    auto* const left = static_cast<stack*>(s);
    if (w.spare.load(relaxed) == nullptr)
        w.spare.store(left, relaxed);
    else
        w.stacks.give(left);
}

// The stack of a task that asked for one of its own: the task has ended, nobody will stand on it again.
static void drop_stack(worker&, void* s) {
    auto* const left = static_cast<stack*>(s);
    retire(*left);
    left->context = nullptr;
    left->pool->give(left);
}

HOCKET_ALWAYS_INLINE void suspend_unobserved(worker* w, wait_reason why, void (*publish)(worker&, void*),
                                             void* what) noexcept {
    task* const t = w->current();
    if (t->own == nullptr) t->own = w->carrier;
    t->reason.store(why, relaxed);
    ++w->suspensions;
    if (seam::fault_injected(seam::fault::publish_before_saved)) {
        publish(*w, what);
        publish = nullptr;
    }
    stack_view onto;
    task* const n = w->loop_needed() ? nullptr : w->ready.pop(w->mine);
    context const to = n != nullptr ? stand_on(*w, *n, onto) : stand_on_loop(*w, nullptr, onto);
    w->landing_order = {&t->saved.token, publish, what};
    hop(*w, to, onto);
    // Here w is stale (I2), and t runs.
}

static HOCKET_NOINLINE void suspend_without_fp(worker& w, wait_reason why, void (*publish)(worker&, void*),
                                               void* what) noexcept {
    fp_control const own = fp_control::now();
    worn_fp::take_off(w);
    suspend(why, publish, what);
    worn_fp::wear(own);
}

void suspend(wait_reason why, void (*publish)(worker&, void*), void* what) noexcept {
    worker* const w = this_worker();
    if (w->unsettled()) [[unlikely]] {
        if ((w->odd & worker::has_own_fp) != 0) return suspend_without_fp(*w, why, publish, what);
        w->settle();
    }
    check_fp(*w);
    suspension_observer const& observer = w->sched.options.observer;
    if (observer.suspend == nullptr) [[likely]] {
        suspend_unobserved(w, why, publish, what);
        return;
    }
    void* const kept = observer.suspend();
    suspend_unobserved(w, why, publish, what);
    observer.resume(kept);
}

static void requeue(worker& w, void* what) {
    auto* const t = static_cast<task*>(what);
    t->turn(task_state::running, task_state::ready);
    if (t->pinned == any_worker && !w.blocking && t->kind == task_kind::ordinary) [[likely]]
        w.push_ready(t);
    else
        w.sched.requeue(w, t);
}

// Not where switches are observed: there the loop is always called for (worker::special).
// Fresh tasks come first, one for each yield: else two fibers that yield to each other would keep them all waiting. The
// section lasts as in yield_task().
static bool yield_to_fresh(worker* w, task* t) noexcept {
    if (w->dispatches_left <= 0 || w->called.load(relaxed) != 0 || t->pinned != any_worker || !w->jobs.empty() ||
        !w->exceptions->empty() || (w->odd & worker::has_own_fp) != 0)
        return false;
    check_fp(*w);
    if (w->mine.begin() && w->ready.push(t)) [[likely]] {
        if (t->own == nullptr) t->own = w->carrier;
        t->turn(task_state::running, task_state::ready);
        --w->yields_left;
        stack_view onto;
        // Null when it has just been stolen: then the loop finds another.
        context const to = stand_on_loop(*w, w->fresh.take(w->mine), onto);
        w->landing_order.store = &t->saved.token;
        landed(jump(to, onto));
        return true;
    }
    w->mine.end();
    return false;
}

void yield_oddly(worker* w, task* t) noexcept {
    if (w->odd == worker::by_boost) {
        if (yield_to_ready<backend::boost>(w, t)) return;
    } else {
        w->may_yield();
    }
    yield_by_loop(w);
}

void yield_by_loop(worker* w) noexcept {
    w->mine.end();
    if (w->yields_left++ < 0) w->dispatches_left = 0;  // it is counted below, or by suspend()
    if (w->tally.whom) w->settle_tally();
    bool const fresh = w->note_fresh();
    if (fresh && yield_to_fresh(w, w->current())) return;
    bool const anybody = fresh || !w->ready.empty() || !w->pinned.empty() || !w->no_mail() || w->blocking ||
                         w->leaving.load(relaxed);
    if (!anybody && w->dispatches_left > 0) {
        --w->dispatches_left;
        return;
    }
    w->prefer_fresh = fresh;
    suspend(wait_reason::yield, &requeue, w->current());
}

void go_home() noexcept {
    worker* const w = this_worker();
    stack* const carrier = w->carrier;
    w->carrier = nullptr;
    w->landing_order = {&carrier->context, &keep_spare, carrier};
    hop(*w, w->home, w->home_view);
}

void leave_home(worker& w) noexcept {
    w.carrier = w.take_spare();
    w.landing_order = {&w.home.token, nullptr, nullptr};
    hop(w, {w.carrier->context}, view_of(*w.carrier));
}

// From the loop: goes on with a suspended fiber; the loop's stack becomes a spare. Returns when the loop is switched
// back into, perhaps on another worker.
HOCKET_ALWAYS_INLINE void resume(worker& w, task& t) noexcept {
    stack* const carrier = w.carrier;
    t.turn(task_state::ready, task_state::running);
    w.set_current(&t);
    w.landing_order = {&carrier->context, &keep_spare, carrier};
    hop(w, t.saved, view_of(*t.own));
}

// A fresh task ends without having begun; what it owns is destroyed in its own fiber.
static HOCKET_NOINLINE void drop_here(worker& w, task* t) noexcept {
    w.settle_tally();
    if (!w.hold_spare()) return w.put_back(t);
    t->step(task_state::fresh, task_state::running);
    w.set_current(t);
    drop(*t);
}

// The loop of every carrier. The worker is asked for anew in each turn (I2): a task that was called, or the fiber that was
// gone on with, may have left this stack to another worker.
void begin_loop(context left) noexcept {
    arrived();
    stack* const mine = landed(left).carrier;
    while (true) {
        worker& w = *this_worker();
        w.carrier = mine;
        task* t = w.at_hand();
        if (t == nullptr) {
            if ((t = w.next_by_search()) == nullptr) continue;
            if (w.sched.cancelling() && t->own == nullptr && droppable(*t)) [[unlikely]] {
                drop_here(w, t);
                continue;
            }
        }
        if (w.tally.whom && t->ends != w.tally.whom) [[unlikely]] w.settle_tally();
        if (t->own != nullptr) {
            resume(w, *t);
        } else if (w.hold_spare()) [[likely]] {
            t->step(task_state::fresh, task_state::running);
            w.set_current(t);
            execute(*t);
        } else {
            w.put_back(t);
        }
    }
}

// Where a task with a stack of its own kind begins.
void begin_on_own_stack(context left) noexcept {
    arrived();
    landed(left);
    task& t = *this_worker()->current();
    stack* const mine = t.own;
    if (t.home->cancelling() && droppable(t))
        drop(t);
    else
        execute(t);
    // The loop takes over on a default stack, and this one is given back when it has been left.
    worker* const w = this_worker();
    w->carrier = w->take_spare();
    w->landing_order = {&mine->context, &drop_stack, mine};
    jump({w->carrier->context}, view_of(*w->carrier));
    __builtin_unreachable();
}

}  // namespace hocket::inline HOCKET_ABI::detail
