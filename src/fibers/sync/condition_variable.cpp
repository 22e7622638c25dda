// Waiting for a condition.
//
// Protocol: wait() queues its node before it gives the mutex back, so a notification that comes after the unlock
//   finds it. Notifiers claim under the queue's lock and deliver after it, so the condition variable may die as soon
//   as all who waited have been notified.
#include <hocket/condition_variable.hpp>

#include "fibers/sched/misuse.hpp"
#include "fibers/sync/wait_queue.hpp"

namespace hocket::inline HOCKET_ABI {

using namespace detail;

void condition_variable::notify_one() noexcept {
    wait_node* n;
    {
        hold guarded(waiters_.guard);
        n = claim_first(waiters_);
    }
    if (n != nullptr) n->who.deliver();
}

void condition_variable::notify_all() noexcept {
    claimed_list woken;
    {
        hold guarded(waiters_.guard);
        while (wait_node* const n = claim_first(waiters_)) woken.add(n);
    }
    woken.deliver();
}

bool condition_variable::wait_until_ns(std::unique_lock<mutex>& held, std::int64_t deadline) {
    if (!held.owns_lock()) misuse("condition_variable::wait() without holding the mutex");
    waiter me(wait_reason::condition);
    wait_node node(me);
    bool const unlocks_first = seam::fault_injected(seam::fault::condition_unlocks_first);
    if (unlocks_first) held.unlock();
    {
        hold guarded(waiters_.guard);
        enqueue(waiters_, node);
    }
    if (!unlocks_first) held.unlock();
    bool const notified = me.wait(deadline) != waiter::timed_out;
    if (!notified) {
        hold guarded(waiters_.guard);
        remove(waiters_, node);
    }
    held.lock();
    return notified;
}

void condition_variable::destroyed_in_use() noexcept {
    misuse("a condition variable was destroyed while somebody waits for it");
}

}  // namespace hocket::inline HOCKET_ABI
