// The ready ring: fibers that can go on, first in, first out. Its worker pushes and pops; idle workers take half of it.
//
// Protocol: positions only grow. The owner alone writes tail_ and the slots.
//   Thieves, inside the owner's bias, read items from head_ on and then win them by moving head_ with a
//   compare-and-swap. So does the owner while thieves are about; otherwise it moves head_ by a plain store, in a section
//   of its bias. A slot is written again only when head_ has passed it, so what a winner read is still the item.
//   rotate() is a pop and a push in one, in a section that the caller ends: what it pushed may be published later.
// Memory order: release of tail_ in push() publishes the item and pairs with the acquire in steal(). The
//   compare-and-swaps of head_ release, and push() acquires head_: a slot is overwritten after it was read.
// Source: the run queues of the Go runtime have this shape.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/bias.hpp>
#include <hocket/detail/fault.hpp>
#include <hocket/detail/slots.hpp>

namespace hocket::inline HOCKET_ABI::detail {

template <class T>
class ready_ring {
public:
    // `capacity` is a power of two. Throws std::bad_alloc.
    explicit ready_ring(std::size_t capacity = 256) : items_(capacity) {}

    // Adds an item at the end. False when the ring is full and there is no memory to grow it. [owner]
    bool push(T* item) noexcept {
        std::int64_t const t = tail_.load(relaxed);
        std::int64_t const h = head_.load(acquire);  // pairs with the release of the winners
        if (t - h >= items_.capacity()) [[unlikely]]
            if (!items_.grow(h, t)) return false;
        items_.put(t, item);
        tail_.store(t + 1, release);  // pairs with the acquire in steal() and steal_half()
        return true;
    }

    // Takes the oldest item; null when there is none. [owner]
    T* pop(bias& mine) noexcept {
        if (head_.load(relaxed) == tail_.load(relaxed)) return nullptr;  // head_ only grows, so it is empty
        T* item = nullptr;
        if (mine.begin() || seam::fault_injected(seam::fault::ready_ring_pop_without_race)) [[likely]] {
            std::int64_t const h = head_.load(relaxed);
            if (h != tail_.load(relaxed)) {
                item = items_.get(h);
                head_.store(h + 1, release);
            }
            mine.end();
            return item;
        }
        mine.end();
        return pop_shared(mine);
    }

    // Adds an item at the end and takes the oldest, in a section of the owner's bias; false, and nothing is added, when
    // the ring is empty. `after` is the one that is the oldest then. [owner, in a section]
    bool rotate(T* item, T*& oldest, T*& after) noexcept {
        std::int64_t const h = head_.load(relaxed);
        std::int64_t const t = tail_.load(relaxed);
        if (h == t) return false;
        oldest = items_.exchange(h, t, item, h + 1, after);
        tail_.store(t + 1, release);
        head_.store(h + 1, release);
        return true;
    }

    // Moves the older half of `from` (at least one item, if it has any) to the end of this empty ring. Returns how
    // many; 0 also when another was faster. [owner of this ring; a thief inside the bias of the owner of `from`]
    std::size_t steal_half(ready_ring& from) noexcept {
        std::int64_t h = from.head_.load(acquire);
        std::int64_t const t = from.tail_.load(acquire);  // pairs with the release in push()
        if (t <= h) return 0;
        std::int64_t n = t - h - (t - h) / 2;
        n = std::min(n, items_.capacity());
        std::int64_t const mine = tail_.load(relaxed);
        // What is read is worth something only if head_ has not moved: see the compare-and-swap.
        for (std::int64_t i = 0; i < n; ++i) items_.put(mine + i, from.items_.look(h + i));
        if (!from.head_.compare_exchange_strong(h, h + n, acq_rel, relaxed)) return 0;
        tail_.store(mine + n, release);
        return static_cast<std::size_t>(n);
    }

    // Takes the oldest item; null when there is none, or when another was faster. [thief inside the owner's bias]
    T* steal() noexcept {
        std::int64_t h = head_.load(acquire);
        if (tail_.load(acquire) <= h) return nullptr;  // pairs with the release in push()
        T* const item = items_.look(h);
        return head_.compare_exchange_strong(h, h + 1, acq_rel, relaxed) ? item : nullptr;
    }

    // True for certain, for the owner; a guess for others. [any thread]
    bool empty() const noexcept { return head_.load(relaxed) >= tail_.load(relaxed); }

    // Exact for the owner when nobody steals, else a guess. [any thread]
    std::size_t size() const noexcept {
        std::int64_t const h = head_.load(relaxed);
        std::int64_t const t = tail_.load(relaxed);
        return t > h ? static_cast<std::size_t>(t - h) : 0;
    }

    // Gives the memory back that it has grown to, if it is empty and no thief is about. [owner]
    void shrink(bias& mine) noexcept {
        if (mine.begin() && empty()) items_.shrink();
        mine.end();
    }

private:
    HOCKET_NOINLINE T* pop_shared(bias& mine) noexcept {
        T* item = nullptr;
        std::int64_t h = head_.load(relaxed);
        std::int64_t const t = tail_.load(relaxed);
        while (h != t) {
            item = items_.get(h);
            if (head_.compare_exchange_weak(h, h + 1, acq_rel, relaxed)) break;
            item = nullptr;
        }
        mine.used_shared();
        return item;
    }

    alignas(64) atomic<std::int64_t> head_{0};
    atomic<std::int64_t> tail_{0};
    slots<T> items_;
};

}  // namespace hocket::inline HOCKET_ABI::detail
