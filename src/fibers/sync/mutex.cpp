// The contended half of mutex, and of those made of it.
//
// States (state_): 0 free; held; held | contended; contended alone: its owner has given it up and is on his way to hand
//   it over, which is to say that it is still his. contended stands for somebody in the queue, but for a moment:
//   lock() writes held over whatever there was, and if that was not 0 it goes on to lock_slow(), which sets contended,
//   under the queue's lock.
// Protocol: a waiter, under the queue's lock, sets contended or, if the mutex has become free, takes it. It may have
//   become free although others are queued, while lock() had wiped contended out: whoever wiped it out then finds that,
//   hands it over in the stead of its last owner, and tries again. Until he does, others can pass those who are queued;
//   a call of lock() opens one such window at most, before it is queued itself, and closes it at its next step: nobody is
//   overtaken for ever, unless whoever wiped it out never runs again.
//   unlock() takes held away. Where it was alone the mutex is free and is not touched any more: its new owner may destroy
//   it. Else, under the queue's lock, it is handed to the first waiter: held again, so that nobody can slip in. When all
//   have given up it is unlocked once more, without them. A waiter that gives up and leaves the queue empty takes
//   contended away.
//   Whether contended was wiped out does not matter to who hands over, nor held to who finds the mutex held: both write
//   what is right then, under the queue's lock.
// Memory order: lock() acquires what unlock() releases; when it is handed over, the waiter's deliver() and wait() do
//   that.
// Rejected: letting newcomers barge in (faster under contention, but a fiber that re-locks in a loop starves the
//   others, and a switch is cheap here). A compare-and-swap in lock() and unlock(), which would wipe nothing out: a pair
//   takes a tenth longer (a pair with a waiter a tenth less). A look before the exchange: it waits for the last unlock()
//   to be through, and the pair takes a third longer.
#include <hocket/mutex.hpp>

#include "fibers/sched/misuse.hpp"
#include "fibers/sync/wait_queue.hpp"

namespace hocket::inline HOCKET_ABI {

using namespace detail;

bool mutex::lock_slow(wait_limit const& limit) noexcept {
    while (true) {
        waiters_.guard.acquire();
        if (seam::fault_injected(seam::fault::lock_wipes_out_waiters) && state_.load(relaxed) != 0) break;
        // acquire: pairs with the release in unlock()
        if (state_.exchange(held | contended, detail::acquire) != 0) break;
        bool const first = waiters_.first == nullptr;
        if (first) state_.store(held, relaxed);
        waiters_.guard.drop();
        if (first) return true;
        unlock_slow();
    }
    return wait_queued(waiters_, waiters_.guard, wait_reason::mutex, limit, [this] {
        std::uint32_t last = held | contended;
        if (waiters_.first == nullptr) state_.compare_exchange_strong(last, held, relaxed, relaxed);
    });
}

void mutex::unlock_slow() noexcept {
    wait_node* next;
    {
        hold guarded(waiters_.guard);
        // held taken away from 0 has wrapped around
        if (state_.load(relaxed) > (held | contended)) misuse("mutex::unlock() by somebody who does not hold it");
        next = claim_first(waiters_);
        state_.store(waiters_.first == nullptr ? held : held | contended, relaxed);
    }
    if (next != nullptr)
        next->who.deliver();
    else if (!seam::fault_injected(seam::fault::mutex_is_left_to_the_gone))
        unlock();
}

void mutex::destroyed_in_use() noexcept { misuse("a mutex was destroyed while it was held"); }

}  // namespace hocket::inline HOCKET_ABI
