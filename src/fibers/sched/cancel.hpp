// Cancelling a runtime: every fiber that waits is woken by an exception, every task that has not begun is dropped.
//
// Protocol: cancel() raises `cancellations`, sets the scheduler's `cancelling`, passes a heavy fence, and walks the records.
//   A parked fiber is watched (parked_watch.hpp) while its wait is ended for it: by end_wait(), which competes with those
//   who would wake it. A fiber that parks looks at `cancellations` after it has said that it sleeps: either it sees that,
//   or the walk sees it asleep. So none stays.
//   A waker whose claim is no compare-and-swap (`alone`, see sync/waiter.hpp) looks at `cancellations` after its claim. If
//   nobody cancels, it is his. Else he takes the guard of the watch, and looks whether the wait had been ended by then. The
//   walk's fence makes either his claim visible to it, or the walk to him.
//   From then on all workers ask their loops what comes next (cancel() calls them, and so does a worker that has seen by
//   itself that its runtime cancels), which drop what has not begun: its closure is destroyed as if it had run, in its own
//   fiber, and whoever waits for it gets `cancelled`. Jobs (fork.hpp) are run, for they are part of
//   a task that has begun, and so is blocking(f), which has no other way to end. Delayed tasks begin at once, to be dropped.
// Rejected: a list of what waits, kept by all who wait (two stores and a lock for each wait, against one load).
#pragma once

#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/config.hpp>

#include "seam/fence.hpp"

namespace hocket::inline HOCKET_ABI::detail {

struct task;

// Runtimes in the process that are being cancelled: nearly always none.
extern atomic<std::uint32_t> cancellations;

// Whether somebody may cancel what the caller has just published. [any thread]
inline bool may_be_cancelled() noexcept {
    seam::light_fence();
    return cancellations.load(relaxed) != 0;
}

// Ends the wait of a task that sleeps, unless somebody else has, or it must not be cancelled: whether the caller has to make
// it ready. Where waits are known: sync/waiter.cpp. [who holds parked_watch::guard]
bool end_wait(task& t) noexcept;

// Whether it may be dropped before it begins. [whoever would run it]
bool droppable(task const& t) noexcept;

}  // namespace hocket::inline HOCKET_ABI::detail
