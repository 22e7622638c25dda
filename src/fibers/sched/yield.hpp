// A yield: inline, because it is nothing but a switch.
#pragma once

#include "fibers/sched/hop.hpp"
#include "fibers/sched/own_fp.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// Everything but going from one ready fiber to the next: the loop has something to do first, a fresh task waits, or there
// is nobody else. Ends a section of the worker's bias. [fiber]
HOCKET_NOINLINE void yield_by_loop(worker* w) noexcept;

// Lets others run that are ready; returns at once when there are none. [fiber t on worker w]
//
// From one ready fiber to the next, both this worker's. The section of its bias lasts until the landing: no thief finds
// the fiber in the ring before its context has been stored (I4).
HOCKET_ALWAYS_INLINE void yield_task(worker* w, task* t) noexcept {
    if (w->may_yield() && t->pinned == any_worker && w->odd == 0 && w->jobs.empty() && w->exceptions->empty() &&
        w->mine.begin()) [[likely]] {
        task* n;
        task* after;
        if (w->ready.rotate(t, n, after)) [[likely]] {
            // Of a thousand fibers no near cache has all the stacks.
            check_fp(*w);
            prefetch_frames(after->saved.token, 2);
            if (t->own == nullptr) t->own = w->carrier;
            t->turn(task_state::running, task_state::ready);
            stack_view onto;
            context const to = stand_on(*w, *n, onto);
            w->landing_order.store = &t->saved.token;
            landed(jump(to, onto));
            return;
        }
    }
    yield_by_loop(w);
}

}  // namespace hocket::inline HOCKET_ABI::detail
