// Calling a task with an FP control state of its own: see the head of own_fp.hpp.
#include "fibers/sched/own_fp.hpp"

namespace hocket::inline HOCKET_ABI::detail {

static void run_with_own_fp(void* closure) {
    task_extra const& extra = *this_task()->extra;
    worn_fp const worn(extra.fp);
    extra.within_fp->run(closure);
}

task_type const* own_fp_type(task_extra& extra, task_type const& real) noexcept {
    extra.fp = fp_control::now();
    extra.within_fp = &real;
    extra.own_fp = real;
    extra.own_fp.run = &run_with_own_fp;
    return &extra.own_fp;
}

}  // namespace hocket::inline HOCKET_ABI::detail
