// The contended half of mutex, and of those made of it.
//
// States (state_): 0 free; held; held | contended. contended is set and cleared only under the queue's lock, and is
//   set exactly while somebody is queued (or about to be, under that lock).
// Protocol: a waiter, under the queue's lock, sets contended or, if the mutex has become free, takes it. unlock()
//   with contended set takes the queue's lock and hands the mutex to the first waiter: it stays held, so nobody can
//   slip in. When the last waiter leaves the queue, with the mutex or without, contended goes; when all have given up
//   it is unlocked once more, without them. After the handing over, and after it has become free, the mutex is not
//   touched: its new owner may destroy it.
// Memory order: lock() acquires what unlock() releases; when it is handed over, the waiter's deliver() and wait() do
// that.
// Rejected: letting newcomers barge in (faster under contention, but a fiber that re-locks in a loop starves the
//   others, and a switch is cheap here).
#include <hocket/mutex.hpp>

#include "fibers/sched/misuse.hpp"
#include "fibers/sync/wait_queue.hpp"

namespace hocket::inline HOCKET_ABI {

using namespace detail;

bool mutex::lock_slow(wait_limit const& limit) noexcept {
    waiters_.guard.acquire();
    std::uint32_t seen = state_.load(relaxed);
    while (true) {
        if (seen == 0) {
            // acquire: pairs with the release in unlock()
            if (state_.compare_exchange_weak(seen, held, detail::acquire, relaxed)) {
                waiters_.guard.drop();
                return true;
            }
        } else if ((seen & contended) != 0 ||
                   state_.compare_exchange_weak(seen, seen | contended, relaxed, relaxed)) {
            break;
        }
    }
    return wait_queued(waiters_, waiters_.guard, wait_reason::mutex, limit, [this] {
        if (waiters_.first == nullptr) state_.store(held, relaxed);
    });
}

void mutex::unlock_slow() noexcept {
    wait_node* next;
    {
        hold guarded(waiters_.guard);
        if ((state_.load(relaxed) & held) == 0) misuse("mutex::unlock() by somebody who does not hold it");
        next = claim_first(waiters_);
        if (waiters_.first == nullptr) state_.store(held, relaxed);
    }
    if (next != nullptr)
        next->who.deliver();
    else if (!seam::fault_injected(seam::fault::mutex_is_left_to_the_gone))
        unlock();
}

void mutex::destroyed_in_use() noexcept { misuse("a mutex was destroyed while it was held"); }

}  // namespace hocket::inline HOCKET_ABI
