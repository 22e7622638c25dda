// Waiting for something that happens once.
//
// Protocol: set() stores set_ under the queue's lock and claims everybody there; wait_until() looks at set_ under the
//   same lock before it queues. A plain is_set() needs no lock. Waiters are delivered after the lock is dropped.
//   wait_any() queues with one after the other, all with one waiter. When it finds one set meanwhile it claims itself, so
//   that nobody else will; if somebody has, it waits for his delivery. Then it leaves all queues.
#include <hocket/detail/shared_state.hpp>

#include <hocket/detail/fault.hpp>
#include <vector>

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

bool completion::wait_until(std::int64_t deadline) { return wait_for_it(wait_reason::completion, deadline); }
void completion::wait_regardless() noexcept { wait_for_it(wait_reason::join, seam::forever); }

bool completion::wait_for_it(wait_reason why, std::int64_t deadline) {
    if (is_set()) return true;
    waiter me(why);
    wait_node node(me);
    waiters_.guard.acquire();
    if (is_set()) {
        waiters_.guard.drop();
        return true;
    }
    enqueue(waiters_, node);
    std::uint32_t const key = me.wait(waiters_.guard, deadline);
    if (!waiter::gave_up(key)) return true;
    {
        hold guarded(waiters_.guard);
        remove(waiters_, node);
    }
    if (key == waiter::cancelled) throw_cancelled();
    return is_set();
}

std::size_t completion::wait_any(completion* const* all, std::size_t n) {
    auto const first_set = [&] {
        for (std::size_t i = 0; i < n; ++i)
            if (all[i]->is_set()) return i;
        return static_cast<std::size_t>(-1);
    };
    if (std::size_t const i = first_set(); i < n || n == 0) return i;
    waiter me(wait_reason::completion);
    std::vector<wait_node> nodes;
    nodes.reserve(n);
    bool set = false;
    for (std::size_t i = 0; i < n && !set; ++i) {
        hold guarded(all[i]->waiters_.guard);
        set = all[i]->is_set() && !seam::fault_injected(seam::fault::any_is_not_looked_at_again);
        if (!set) enqueue(all[i]->waiters_, nodes.emplace_back(me));
    }
    std::uint32_t const key = !set || !me.claim(1) ? me.wait() : 1;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        hold guarded(all[i]->waiters_.guard);
        remove(all[i]->waiters_, nodes[i]);
    }
    if (key == waiter::cancelled) throw_cancelled();
    return first_set();
}

shared_state_base::~shared_state_base() = default;
std::stop_token shared_state_base::stop_token() { return {}; }

}  // namespace hocket::inline HOCKET_ABI::detail
