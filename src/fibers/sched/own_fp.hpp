// The FP control state of tasks that have one of their own: see launch::own_fp_control.
//
// Invariant: between tasks, and while one runs that has none of its own, the control state of every thread of a runtime is
//   scheduler::fp. A task with its own wears it while a worn_fp lives, and puts it aside for each suspension
//   (put_aside_fp); worker::has_own_fp is set meanwhile, so that no fast path is taken.
// The task_type of such a task is made when it is spawned, and lies in its extra: it calls the real one with a worn_fp. So
// the calls of all other tasks ask nothing.
#pragma once

#include "fibers/context/fp_control.hpp"
#include "fibers/sched/misuse.hpp"
#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/task.hpp"
#include "fibers/sched/worker.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// The type that a task of `real` shows whose extra this is; it begins with the caller's control state. [the spawner]
task_type const* own_fp_type(task_extra& extra, task_type const& real) noexcept;

// From one suspension to the next, or to the end. The worker at its end may be another. [fiber]
class worn_fp {
public:
    explicit worn_fp(fp_control const& c) noexcept { wear(c); }
    worn_fp(worn_fp const&) = delete;
    worn_fp& operator=(worn_fp const&) = delete;
    ~worn_fp() { take_off(*this_worker()); }

    static void wear(fp_control const& c) noexcept {
        this_worker()->odd |= worker::has_own_fp;
        c.put();
    }
    static void take_off(worker& w) noexcept {
        w.odd &= static_cast<unsigned char>(~worker::has_own_fp);
        w.sched.fp.put();
    }
};

// A task that has none of its own leaves worker w, or ends: in debug builds it must have changed nothing.
inline void check_fp([[maybe_unused]] worker& w) noexcept {
#ifndef NDEBUG
    if ((w.odd & worker::has_own_fp) != 0 || fp_control::now() == w.sched.fp) return;
    w.sched.fp.put();
    misuse("a task leaves the floating-point control state changed, and did not ask for its own (launch::own_fp_control)");
#endif
}

}  // namespace hocket::inline HOCKET_ABI::detail
