// The waiting half of counting_semaphore.
//
// States (permits_): n >= 0: so many permits that nobody has, and nobody is queued; `queued` (-1): no permit, somebody is queued.
// Protocol: with n >= 0 a release is one compare-and-swap, and a permit may be taken by another: nothing of the semaphore
//   is touched after it, because whoever gets the permit may destroy it (a semaphore on the stack of one who waits for
//   others to be done). From and to `queued` it changes under the queue's lock only: a waiter goes 0 -> queued or takes
//   a permit that has come; release() hands permits to those whom it claims, so a wait that timed out loses nothing;
//   who leaves the queue empty goes queued -> 0. What release() then has left over it adds after it has dropped the lock.
// Memory order: release() releases what acquire() and try_acquire() acquire; for one who was queued, deliver() and wait().
// Rejected: a count of waiters beside the permits (release() reads it when its permit may have been used already).
#include <hocket/semaphore.hpp>

#include "fibers/sched/misuse.hpp"
#include "fibers/sync/wait_queue.hpp"

namespace hocket::inline HOCKET_ABI::detail {

semaphore_core::~semaphore_core() {
    if (waiters_.first != nullptr) misuse("a semaphore was destroyed while somebody waits for it");
}

void semaphore_core::release(std::ptrdiff_t n) noexcept {
    if (n < 0) misuse("semaphore::release(%td)", n);
    if (n == 0) return;
    claimed_list woken;
    std::ptrdiff_t seen = permits_.load(relaxed);
    while (true) {
        if (seen != queued) {
            // release: pairs with the acquires of those who take a permit
            if (permits_.compare_exchange_weak(seen, seen + n, detail::release, relaxed)) break;
            continue;
        }
        {
            hold guarded(waiters_.guard);
            if (permits_.load(relaxed) == queued) {
                while (n != 0) {
                    wait_node* const w = claim_first(waiters_);
                    if (w == nullptr) break;
                    woken.add(w);
                    --n;
                }
                if (waiters_.first == nullptr) permits_.store(0, relaxed);
            }
        }
        if (n == 0) break;
        seen = permits_.load(relaxed);
    }
    woken.deliver();
}

bool semaphore_core::acquire(wait_limit const& limit) {
    if (try_acquire()) return true;
    waiters_.guard.acquire();
    std::ptrdiff_t seen = permits_.load(relaxed);
    if (seam::fault_injected(seam::fault::semaphore_sleeps_without_retry)) permits_.store(seen = queued, relaxed);
    while (seen != queued) {
        if (seen == 0) {
            if (permits_.compare_exchange_weak(seen, queued, relaxed, relaxed)) break;
        } else if (permits_.compare_exchange_weak(seen, seen - 1, detail::acquire, relaxed)) {
            waiters_.guard.drop();
            return true;
        }
    }
    return wait_queued(waiters_, waiters_.guard, wait_reason::semaphore, limit, [this] {
        if (waiters_.first == nullptr) permits_.store(0, relaxed);
    });
}

void semaphore_core::bad_permits(std::ptrdiff_t n) noexcept { misuse("a semaphore cannot begin with %td permits", n); }

}  // namespace hocket::inline HOCKET_ABI::detail
