// Waiting for the next phase.
//
// States (word_): a phase; a phase | queued. queued is set and cleared only under the queue's lock, and is set exactly
//   while somebody is queued (or about to be, under that lock).
// Protocol: where nobody is queued move() is one compare-and-swap, after which nothing is touched: whoever sees the new
//   phase without having queued may destroy it. Else it moves under the lock and claims everybody; they are in it until
//   they have been told, after the lock. So the queue holds waiters of the present phase only.
// Memory order: move() releases, now() acquires. The plain stores under the lock release as well: what they overwrite
//   was acquired before, so a chain from an earlier move() is not cut.
// Rejected: the phase guarded by the lock alone (the last one to count a latch down would still hold the lock when
//   somebody who sees it open destroys it).
#include <hocket/detail/phases.hpp>

#include "fibers/sched/misuse.hpp"
#include "fibers/sync/wait_queue.hpp"

namespace hocket::inline HOCKET_ABI::detail {

bool phases::move_slow(std::uint32_t from, std::uint32_t to) noexcept {
    claimed_list woken;
    bool moved = false;
    {
        hold guarded(waiters_.guard);
        // acquire: as in move()
        if (word_.load(acquire) == (from | queued)) {
            while (wait_node* const n = claim_first(waiters_)) woken.add(n);
            word_.store(to, release);
            moved = true;
        }
    }
    woken.deliver();
    return moved || move(from, to);  // not moved: those who waited have given up, or somebody else has moved it
}

bool phases::wait_slow(std::uint32_t phase, wait_limit const& limit) {
    waiters_.guard.acquire();
    std::uint32_t seen = word_.load(acquire);
    if (seam::fault_injected(seam::fault::phase_is_not_looked_at_again)) word_.store(seen = phase | queued, relaxed);
    while (seen != (phase | queued)) {
        if (seen != phase) {
            waiters_.guard.drop();
            return true;
        }
        if (word_.compare_exchange_weak(seen, phase | queued, acquire, acquire)) break;
    }
    auto const left = [&] {
        if (waiters_.first == nullptr) word_.store(phase, release);
    };
    constexpr wait_reason reasons[] = {wait_reason::barrier, wait_reason::event, wait_reason::latch};
    return wait_queued(waiters_, waiters_.guard, reasons[static_cast<int>(what_)], limit, left) || now() != phase;
}

void phases::destroyed_in_use() noexcept {
    constexpr char const* names[] = {"a barrier", "an event", "a latch"};
    misuse("%s was destroyed while somebody waits for it", names[static_cast<int>(what_)]);
}

}  // namespace hocket::inline HOCKET_ABI::detail
