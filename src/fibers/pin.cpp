// Staying on one worker for a while.
#include <hocket/this_fiber.hpp>

#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/switch.hpp"
#include "fibers/sched/task.hpp"
#include "fibers/sched/worker.hpp"

namespace hocket::inline HOCKET_ABI {

using namespace detail;

// The landing's part of going to the worker that the task has just been bound to.
static void hand_over(worker& w, void* what) {
    auto* const t = static_cast<task*>(what);
    t->turn(task_state::running, task_state::ready);
    w.sched.make_ready(t);
}

pin_scope::pin_scope() noexcept : before_(any_worker) {
    task* const t = this_task();
    if (t == nullptr) return;
    before_ = t->pinned;
    if (before_ != any_worker) return;
    t->home->watchman.want();
    worker* const w = this_worker();
    if (!w->blocking || t->kind == task_kind::blocking) {
        t->pinned = static_cast<std::int16_t>(w->index);
        return;
    }
    // Not to worker 0 while it has no thread.
    unsigned const n = w->sched.ordinary();
    unsigned const first = n > 1 && !w->sched.zero_present.load(relaxed) ? 1 : 0;
    t->pinned = static_cast<std::int16_t>(first + w->choose.below(n - first));
    suspend(wait_reason::yield, &hand_over, t);
}

pin_scope::~pin_scope() {
    if (task* const t = this_task(); t != nullptr) t->pinned = static_cast<std::int16_t>(before_);
}

}  // namespace hocket::inline HOCKET_ABI
