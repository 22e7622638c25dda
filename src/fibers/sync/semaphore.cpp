// The waiting half of counting_semaphore.
//
// Protocol: permits_ counts permits that nobody has. waiting_ counts queued waiters. acquire() raises waiting_ under
//   the queue's lock and then tries once more; release() raises permits_ and then reads waiting_: one of the two sees
//   the other, so no permit lies there while somebody sleeps. release() then hands permits to waiters under the lock:
//   it takes a permit and gives it to the waiter it claims, so a wait that timed out loses nothing.
// Memory order: the two stores and the two loads are sequentially consistent.
#include <hocket/semaphore.hpp>

#include "fibers/sched/misuse.hpp"
#include "fibers/sync/wait_queue.hpp"

namespace hocket::inline HOCKET_ABI::detail {

semaphore_core::~semaphore_core() {
    if (waiters_.first != nullptr) misuse("a semaphore was destroyed while somebody waits for it");
}

static bool take_permit(atomic<std::ptrdiff_t>& permits) noexcept {
    std::ptrdiff_t n = permits.load(seq_cst);
    while (n > 0)
        if (permits.compare_exchange_weak(n, n - 1, seq_cst, seq_cst)) return true;
    return false;
}

void semaphore_core::release(std::ptrdiff_t n) noexcept {
    if (n < 0) misuse("semaphore::release(%td)", n);
    permits_.fetch_add(n, seq_cst);
    if (waiting_.load(seq_cst) == 0) return;
    claimed_list woken;
    {
        hold guarded(waiters_.guard);
        while (waiters_.first != nullptr && take_permit(permits_)) {
            wait_node* const w = claim_first(waiters_);
            if (w == nullptr) {  // all of them had timed out
                permits_.fetch_add(1, seq_cst);
                break;
            }
            waiting_.fetch_sub(1, relaxed);
            woken.add(w);
        }
    }
    woken.deliver();
}

bool semaphore_core::acquire(std::int64_t deadline) noexcept {
    if (try_acquire()) return true;
    waiter me(wait_reason::semaphore);
    wait_node node(me);
    {
        hold guarded(waiters_.guard);
        waiting_.fetch_add(1, seq_cst);
        if (!seam::fault_injected(seam::fault::semaphore_sleeps_without_retry) && take_permit(permits_)) {
            waiting_.fetch_sub(1, relaxed);
            return true;
        }
        enqueue(waiters_, node);
    }
    bool const got = me.wait(deadline) != waiter::timed_out;
    if (!got) {
        hold guarded(waiters_.guard);
        remove(waiters_, node);
        waiting_.fetch_sub(1, relaxed);
    }
    return got;
}

}  // namespace hocket::inline HOCKET_ABI::detail
