// The contended half of mutex.
//
// States (state_): 0 free; held; held | contended. contended is set and cleared only under the queue's lock, and is
//   set exactly while somebody is queued (or about to be, under that lock).
// Protocol: a waiter, under the queue's lock, sets contended or, if the mutex has become free, takes it. unlock()
//   with contended set takes the queue's lock and hands the mutex to the first waiter: it stays held, so nobody can
//   slip in. When the last waiter leaves the queue contended goes. After the handing over the mutex is not touched:
//   its new owner may destroy it.
// Memory order: lock() acquires what unlock() releases; when it is handed over, the waiter's deliver() and wait() do
// that.
// Rejected: letting newcomers barge in (faster under contention, but a fiber that re-locks in a loop starves the
//   others, and a switch is cheap here).
#include <hocket/mutex.hpp>

#include "fibers/sched/misuse.hpp"
#include "fibers/sync/wait_queue.hpp"

namespace hocket::inline HOCKET_ABI {

using namespace detail;

void mutex::lock_slow() noexcept {
    waiter me(wait_reason::mutex);
    wait_node node(me);
    waiters_.guard.acquire();
    std::uint32_t seen = state_.load(relaxed);
    while (true) {
        if (seen == 0) {
            // acquire: pairs with the release in unlock()
            if (state_.compare_exchange_weak(seen, held, detail::acquire, relaxed)) {
                waiters_.guard.drop();
                return;
            }
        } else if ((seen & contended) != 0 ||
                   state_.compare_exchange_weak(seen, seen | contended, relaxed, relaxed)) {
            break;
        }
    }
    enqueue(waiters_, node);
    me.wait(waiters_.guard);
}

void mutex::unlock_slow() noexcept {
    wait_node* next;
    {
        hold guarded(waiters_.guard);
        next = claim_first(waiters_);
        if (next == nullptr) misuse("mutex::unlock() by somebody who does not hold it");
        if (waiters_.first == nullptr) state_.store(held, relaxed);
    }
    next->who.deliver();
}

void mutex::destroyed_in_use() noexcept { misuse("a mutex was destroyed while it was held"); }

}  // namespace hocket::inline HOCKET_ABI
