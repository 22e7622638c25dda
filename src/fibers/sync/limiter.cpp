// The waits of limiter.
//
// Invariant: somebody waits only while all places are taken. All fields are guarded by the queue's lock.
// Protocol: who leaves hands the place to the first whose wait he can end: it stays taken. After the lock has been
//   dropped nothing of the limiter is touched: whoever has the place may destroy it.
#include <hocket/limiter.hpp>

#include <stdexcept>

#include "fibers/sched/misuse.hpp"
#include "fibers/sync/wait_queue.hpp"

namespace hocket::inline HOCKET_ABI {

using namespace detail;

limiter::limiter(std::size_t most, overload what) : most_(most), what_(what) {
    if (most == 0) throw std::invalid_argument("hocket: a limiter has 1 place at least");
}

limiter::~limiter() {
    if (waiters_.first != nullptr) misuse("a limiter was destroyed while somebody waits for it");
    if (taken_ != 0) misuse("a limiter was destroyed while %zu of its places were taken", taken_);
}

bool limiter::enters(wait_limit limit) {
    lock& guard = waiters_.guard;
    guard.acquire();
    if (taken_ != most_) {
        ++taken_;
        guard.drop();
        return true;
    }
    if (what_ == lossy || limit.deadline <= 0) {
        ++dropped_;
        guard.drop();
        return false;
    }
    waiter me(wait_reason::limiter);
    wait_node node(me);
    enqueue(waiters_, node);
    std::uint32_t const key = me.wait(guard, limit);
    if (!waiter::gave_up(key)) return true;
    {
        hold held(guard);
        remove(waiters_, node);
        ++dropped_;
    }
    if (key == waiter::cancelled) throw_cancelled();
    return false;
}

void limiter::leave() noexcept {
    wait_node* next;
    {
        hold held(waiters_.guard);
        next = claim_first(waiters_);
        if (next == nullptr) --taken_;
    }
    if (next != nullptr) next->who.deliver();
}

std::size_t limiter::in_flight() const noexcept {
    hold held(waiters_.guard);
    return taken_;
}

std::uint64_t limiter::dropped() const noexcept {
    hold held(waiters_.guard);
    return dropped_;
}

}  // namespace hocket::inline HOCKET_ABI
