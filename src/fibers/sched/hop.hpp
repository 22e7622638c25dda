// The jump of a worker and its landing, inline wherever the scheduler switches: see the invariants of worker.hpp.
#pragma once

#include "fibers/context/jump.hpp"
#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/worker.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// I3. The worker is asked for anew: whoever lands may have left from another thread.
HOCKET_ALWAYS_INLINE worker& landed(context left) noexcept {
    worker& w = *this_worker();
    set_before_glances(*w.landing_order.store, left.token);
    if (auto* const then = w.landing_order.then; then != nullptr) {
        w.landing_order.then = nullptr;
        then(w, w.landing_order.what);
    }
    w.mine.end();  // of a section that was begun before the jump: see yield_task()
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

// Points the worker at a ready fiber; at a loop that will run `n` (null: whatever it finds).
HOCKET_ALWAYS_INLINE context stand_on(worker& w, task& n, stack_view& onto) noexcept {
    n.turn(task_state::ready, task_state::running);
    w.set_current(&n);
    onto = view_of(*n.own);
    return n.saved;
}
HOCKET_ALWAYS_INLINE context stand_on_loop(worker& w, task* n, stack_view& onto) noexcept {
    stack* const loop = w.take_spare();  // first: a call that runs over the end of the stack is still the fiber's
    w.hand = n;
    w.set_current(nullptr);
    w.carrier = loop;
    onto = view_of(*loop);
    return {loop->context};
}

}  // namespace hocket::inline HOCKET_ABI::detail
