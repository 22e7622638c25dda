// A task's life from call to end.
#pragma once

#include <hocket/detail/config.hpp>

#include "fibers/sched/own_fp.hpp"
#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/task.hpp"
#include "fibers/sched/worker.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// Ends a task's fiber-locals and its arena, if it has any. They may suspend. [fiber]
void end_belongings(task& t) noexcept;

// An exception has left a task: it is being handled. [fiber]
void task_failed(task& t) noexcept;

// Tells whoever waits for a task that it will not be called. [fiber]
void task_dropped(task& t) noexcept;

// Calls the task, on whichever stack this is, and does what follows its end, in this order: closure destroyed,
// fiber-locals, arena destructors in reverse, arena reset, record given back, completion published. Returns perhaps on
// another worker: user code runs in each of these steps and may suspend, so nothing of the worker is kept from one to
// the next (I2). Inline, because a return that a switch has come before is mostly predicted wrongly. [carrier]
template <bool Called = true>
HOCKET_ALWAYS_INLINE void execute(task& t) noexcept {
    task_type const& type = *t.type;
    if constexpr (Called) {
        try {
            type.run(t.closure());
        } catch (...) {
            t.shielded = true;
            task_failed(t);
        }
    } else {
        t.shielded = true;
        task_dropped(t);
    }
    if (type.destroy != nullptr) {
        t.shielded = true;
        type.destroy(t.closure());
    }
    bool const bare = t.extra == nullptr && t.memory == nullptr && t.place == closure_place::room;
    if (!bare) [[unlikely]] end_belongings(t);

    ending const ends = t.ends;
    worker& w = *this_worker();
    check_fp(w);
    w.set_current(nullptr);
    w.sched.unmake_here(w, &t, bare);
    if (ends == w.tally.whom) [[likely]]
        ++w.tally.ended;  // of nobody, when nobody is told: then the number means nothing
    else
        w.sched.tell(w, ends);
}

// The same for a task that is not called. [carrier]
void drop(task& t) noexcept;

}  // namespace hocket::inline HOCKET_ABI::detail
