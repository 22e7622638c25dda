// Waiting for something that happens once.
//
// Protocol: set() stores set_ under the queue's lock and claims everybody there; wait_until() looks at set_ under the
//   same lock before it queues. A plain is_set() needs no lock. Waiters are delivered after the lock is dropped.
#include <hocket/detail/shared_state.hpp>

#include "fibers/sync/wait_queue.hpp"

namespace hocket::inline HOCKET_ABI::detail {

void completion::set() noexcept {
    claimed_list woken;
    {
        hold guarded(waiters_.guard);
        set_.store(1, release);  // pairs with the acquire in is_set()
        while (wait_node* const n = claim_first(waiters_)) woken.add(n);
    }
    woken.deliver();
}

bool completion::wait_until(std::int64_t deadline) noexcept {
    if (is_set()) return true;
    waiter me(wait_reason::completion);
    wait_node node(me);
    waiters_.guard.acquire();
    if (is_set()) {
        waiters_.guard.drop();
        return true;
    }
    enqueue(waiters_, node);
    if (me.wait(waiters_.guard, deadline) != waiter::timed_out) return true;
    hold guarded(waiters_.guard);
    remove(waiters_, node);
    return is_set();
}

shared_state_base::~shared_state_base() = default;
std::stop_token shared_state_base::stop_token() { return {}; }

}  // namespace hocket::inline HOCKET_ABI::detail
