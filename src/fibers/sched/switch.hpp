// The ways a task leaves its worker and comes back.
#pragma once

#include <hocket/detail/config.hpp>

#include "fibers/context/context.hpp"
#include "fibers/sched/wait_reason.hpp"

namespace hocket::inline HOCKET_ABI::detail {

struct task;
struct worker;

// Suspends the running task. `publish(w, what)` runs after its context has been stored, on another stack, and makes
// it visible to whoever will wake it; from then on it may run again at any time, on another thread, so publish()
// touches neither the task nor what lies in its frame after that. Returns when the task has been made ready and its
// turn has come. [fiber]
void suspend(wait_reason why, void (*publish)(worker& w, void* what), void* what) noexcept;

// From the loop: goes to the thread's own stack. Returns when the loop is switched back into. [carrier]
void go_home() noexcept;

// From home: goes to a carrier. Returns when the loop has gone home. [thread of w]
void leave_home(worker& w) noexcept;

// Where a loop begins on a fresh stack; and a task with a stack of its own kind.
void begin_loop(context left) noexcept;
void begin_on_own_stack(context left) noexcept;

}  // namespace hocket::inline HOCKET_ABI::detail
