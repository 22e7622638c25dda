// Waiting for a condition.
//
// Protocol: wait() queues its node before it gives the lock back, so a notification that comes after the unlock
//   finds it. Notifiers claim under the queue's lock and deliver after it, so the condition variable may die as soon
//   as all who waited have been notified.
#include <hocket/condition_variable.hpp>

#include "fibers/sched/misuse.hpp"
#include "fibers/sync/wait_queue.hpp"

namespace hocket::inline HOCKET_ABI::detail {

void condition_core::notify_one() noexcept {
    wait_node* n;
    {
        hold guarded(waiters_.guard);
        n = claim_first(waiters_);
    }
    if (n != nullptr) n->who.deliver();
}

void condition_core::notify_all() noexcept {
    claimed_list woken;
    {
        hold guarded(waiters_.guard);
        while (wait_node* const n = claim_first(waiters_)) woken.add(n);
    }
    woken.deliver();
}

bool condition_core::wait(void* held, how_to const& ways, wait_limit const& limit) {
    waiter me(wait_reason::condition);
    wait_node node(me);
    bool const unlocks_first = seam::fault_injected(seam::fault::condition_unlocks_first);
    if (unlocks_first) ways.unlock(held);
    {
        hold guarded(waiters_.guard);
        enqueue(waiters_, node);
    }
    if (!unlocks_first) ways.unlock(held);
    std::uint32_t const key = me.wait(limit);
    bool const notified = !waiter::gave_up(key);
    if (!notified) {
        hold guarded(waiters_.guard);
        remove(waiters_, node);
    }
    {
        shield const here(this_task());  // the lock may be made of what can be cancelled
        ways.lock(held);
    }
    if (key == waiter::cancelled) throw_cancelled();
    return notified;
}

void condition_core::destroyed_in_use() noexcept {
    misuse("a condition variable was destroyed while somebody waits for it");
}
void condition_core::waited_without_lock() noexcept {
    misuse("condition_variable::wait() without holding the mutex");
}

}  // namespace hocket::inline HOCKET_ABI::detail
