// A yield: inline, because it is nothing but a switch.
#pragma once

#include "fibers/sched/hop.hpp"
#include "fibers/sched/own_fp.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// Everything but going from one ready fiber to the next: the loop has something to do first, a fresh task waits, or there
// is nobody else. Ends a section of the worker's bias. After may_yield(). [fiber]
HOCKET_NOINLINE void yield_by_loop(worker* w) noexcept;

// What worker::odd says has to be seen to. [fiber t on worker w]
HOCKET_NOINLINE void yield_oddly(worker* w, task* t) noexcept;

// From one ready fiber to the next, both this worker's, if nothing is in the way: all is over then. The section of the
// worker's bias lasts until the landing: no thief finds the fiber in the ring before its context has been stored (I4). If
// false, yield_by_loop() is to follow. [fiber t on worker w]
template <backend contexts>
HOCKET_ALWAYS_INLINE bool yield_to_ready(worker* w, task* t) noexcept {
    if (!(w->may_yield() && t->pinned == any_worker && w->jobs.empty() && w->exceptions->empty() && w->mine.begin()))
        [[unlikely]]
        return false;
    task* n;
    task* after;
    if (!w->ready.rotate(t, n, after)) [[unlikely]]
        return false;
    // Of a thousand fibers no near cache has all the stacks.
    check_fp(*w);
    prefetch_frames(after->saved.token, 2);
    if (t->own == nullptr) t->own = w->carrier;
    t->turn(task_state::running, task_state::ready);
    stack_view onto;
    context const to = stand_on(*w, *n, onto);
    w->landing_order.store = &t->saved.token;
    landed(jump<contexts>(to, onto));
    return true;
}

// Lets others run that are ready; returns at once when there are none. [fiber t on worker w]
HOCKET_ALWAYS_INLINE void yield_task(worker* w, task* t) noexcept {
    if (w->odd != 0) return yield_oddly(w, t);
    if (!yield_to_ready<best_backend>(w, t)) yield_by_loop(w);
}

}  // namespace hocket::inline HOCKET_ABI::detail
