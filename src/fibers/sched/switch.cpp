// Every jump of the scheduler, and the landing on the other side: see the invariants of worker.hpp.
#include "fibers/sched/switch.hpp"

#include <hocket/runtime.hpp>

#include "fibers/context/jump.hpp"
#include "fibers/sched/execute.hpp"
#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/worker.hpp"
#include "seam/fault.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// I3. The worker is asked for anew: whoever lands may have left from another thread.
static worker& landed(context left) noexcept {
    worker& w = *this_worker();
    landing const order = w.landing_order;
    *order.store = left.token;
    if (order.then != nullptr) order.then(w, order.what);
    return w;
}

// Leaves for `to`, and lands again when somebody comes back. The exceptions being handled here go along: they belong
// to the fiber, not to the thread.
HOCKET_ALWAYS_INLINE void hop(worker& w, context to, stack_view const& onto) noexcept {
    if (w.exceptions->empty()) [[likely]] {
        landed(jump(to, onto));
        return;
    }
    exception_globals const kept = w.exceptions->take();
    landed(jump(to, onto)).exceptions->put(kept);
}

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

// Points the worker at what it will stand on next: a ready fiber, if one is at hand and the loop need not look
// around, else a loop.
static context choose_next(worker& w, stack_view& onto) noexcept {
    task* const n = w.quick_next();
    if (n != nullptr && n->own != nullptr) {
        n->step(task_state::ready, task_state::running);
        w.current = n;
        w.here = n->own;
        onto = view_of(*n->own);
        return n->saved;
    }
    w.hand = n;
    w.current = nullptr;
    w.here = w.take_spare();
    onto = view_of(*w.here);
    return {w.here->context};
}

static void suspend_unobserved(worker* w, wait_reason why, void (*publish)(worker&, void*), void* what) noexcept {
    task* const t = w->current;
    if (t->own == nullptr) t->own = w->here;
    t->reason.store(why, relaxed);
    ++w->suspensions;
    if (seam::fault_injected(seam::fault::publish_before_saved)) {
        publish(*w, what);
        publish = nullptr;
    }
    stack_view onto;
    context const to = choose_next(*w, onto);
    w->landing_order = {&t->saved.token, publish, what};
    hop(*w, to, onto);
    // Here w is stale (I2), and t runs.
}

void suspend(wait_reason why, void (*publish)(worker&, void*), void* what) noexcept {
    worker* const w = this_worker();
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
    t->step(task_state::running, task_state::ready);
    if (t->pinned == any_worker && !w.blocking && t->kind == task_kind::ordinary) [[likely]]
        w.push_ready(t);
    else
        w.sched.requeue(w, t);
}

void yield_task() noexcept {
    worker* const w = this_worker();
    bool const anybody = w->ready.size() != 0 || w->fresh.size() != 0 || !w->pinned.empty() || !w->mail.empty() ||
                         w->blocking || w->leaving.load(relaxed);
    if (!anybody && ++w->tick < w->period) return;
    // Fresh tasks first, one for each yield: else two fibers that yield to each other would keep them all waiting.
    w->prefer_fresh = w->fresh.size() != 0;
    suspend(wait_reason::yield, &requeue, w->current);
}

void resume(task& t) noexcept {
    worker* const w = this_worker();
    stack* const carrier = w->here;
    t.step(task_state::ready, task_state::running);
    w->current = &t;
    w->here = t.own;
    w->landing_order = {&carrier->context, &keep_spare, carrier};
    hop(*w, t.saved, view_of(*t.own));
}

void go_home() noexcept {
    worker* const w = this_worker();
    stack* const carrier = w->here;
    w->here = nullptr;
    w->landing_order = {&carrier->context, &keep_spare, carrier};
    hop(*w, w->home, w->home_view);
}

void leave_home(worker& w) noexcept {
    w.here = w.take_spare();
    w.landing_order = {&w.home.token, nullptr, nullptr};
    hop(w, {w.here->context}, view_of(*w.here));
}

void begin_loop(context left) noexcept {
    arrived();
    landed(left);
    while (true) this_worker()->turn();
}

void begin_on_own_stack(context left) noexcept {
    arrived();
    landed(left);
    {
        worker* const w = this_worker();
        execute(*w->current);
    }
    // The loop takes over on a default stack, and this one is given back when it has been left.
    worker* const w = this_worker();
    stack* const mine = w->here;
    w->here = w->take_spare();
    w->landing_order = {&mine->context, &drop_stack, mine};
    jump({w->here->context}, view_of(*w->here));
    __builtin_unreachable();
}

}  // namespace hocket::inline HOCKET_ABI::detail
