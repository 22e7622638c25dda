// The ready ring: fibers that can go on, first in, first out. Its worker pushes and pops; idle workers take half of it.
//
// Protocol: positions only grow; the item at p lies in slot p mod capacity. The owner alone writes tail_ and the slots.
//   Whoever wants items from head_ on, the owner too, reads them first and then wins them by moving head_ with a
//   compare-and-swap. A slot is written again only when head_ has passed it, so what a winner read is still the item.
// Memory order: release of tail_ in push() publishes the item and pairs with the acquire in steal(). The
//   compare-and-swaps of head_ release, and push() acquires head_: a slot is overwritten after it was read.
// Rejected: a private ring that is exported on demand (nobody could help a worker that is stuck in a long task).
// Source: the run queues of the Go runtime have this shape.
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/atomic.hpp>

#include "seam/fault.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// Capacity is a power of two.
template <class T, std::size_t Capacity = 256>
class ready_ring {
public:
    static constexpr std::size_t capacity = Capacity;

    // Adds an item at the end. False when the ring is full. [owner]
    bool push(T* item) noexcept {
        std::uint64_t const t = tail_.load(relaxed);
        if (t - head_.load(acquire) >= Capacity) return false;  // pairs with the release of the winners
        slot(t).store(item, relaxed);
        tail_.store(t + 1, release);  // pairs with the acquire in steal() and steal_half()
        return true;
    }

    // Takes the oldest item; null when there is none. [owner]
    T* pop() noexcept {
        std::uint64_t h = head_.load(relaxed);
        std::uint64_t const t = tail_.load(relaxed);
        while (h != t) {
            T* const item = slot(h).load(relaxed);
            if (seam::fault_injected(seam::fault::ready_ring_pop_without_race)) {
                head_.store(h + 1, release);
                return item;
            }
            if (head_.compare_exchange_weak(h, h + 1, acq_rel, relaxed)) return item;
        }
        return nullptr;
    }

    // Moves the older half of `from` (at least one item, if it has any) to the end of this empty ring. Returns how
    // many; 0 also when another was faster. [owner of this ring, not of `from`]
    std::size_t steal_half(ready_ring& from) noexcept {
        std::uint64_t h = from.head_.load(acquire);
        std::uint64_t const t = from.tail_.load(acquire);  // pairs with the release in push()
        if (t <= h) return 0;
        std::uint64_t const n = t - h - (t - h) / 2;
        if (n > Capacity / 2) return 0;  // head_ moved between the two loads
        std::uint64_t const mine = tail_.load(relaxed);
        for (std::uint64_t i = 0; i < n; ++i) slot(mine + i).store(from.slot(h + i).load(relaxed), relaxed);
        if (!from.head_.compare_exchange_strong(h, h + n, acq_rel, relaxed)) return 0;
        tail_.store(mine + n, release);
        return static_cast<std::size_t>(n);
    }

    // Takes the oldest item; null when there is none, or when another was faster. [any thread]
    T* steal() noexcept {
        std::uint64_t h = head_.load(acquire);
        if (tail_.load(acquire) <= h) return nullptr;  // pairs with the release in push()
        T* const item = slot(h).load(relaxed);
        return head_.compare_exchange_strong(h, h + 1, acq_rel, relaxed) ? item : nullptr;
    }

    // Exact for the owner when nobody steals, else a guess. [any thread]
    std::size_t size() const noexcept {
        std::uint64_t const h = head_.load(relaxed);
        std::uint64_t const t = tail_.load(relaxed);
        return t > h ? static_cast<std::size_t>(t - h) : 0;
    }

private:
    atomic<T*>& slot(std::uint64_t p) noexcept { return slots_[p & (Capacity - 1)]; }

    alignas(64) atomic<std::uint64_t> head_{0};
    alignas(64) atomic<std::uint64_t> tail_{0};
    atomic<T*> slots_[Capacity] = {};
};

}  // namespace hocket::inline HOCKET_ABI::detail
