// The work-stealing deque: its owner pushes and takes at the bottom, newest first; thieves take the oldest at the top.
//
// Protocol: positions only grow. top_ is the oldest item not yet taken, bottom_ one past the newest. The owner
//   alone writes bottom_ and the slots. Thieves, inside the owner's bias, win the item at
//   top_ by a compare-and-swap of top_ from p to p + 1. The owner takes an item that is not the last one without it:
//   having lowered bottom_ before it read top_, no thief that reads bottom_ afterwards goes for that item. While no
//   thief is about (bias) it needs no compare-and-swap for the last item either.
// Memory order: take() stores bottom_, then reads top_; steal() reads top_, then bottom_. Each needs the store and
//   the load in one total order, or both could take the last item. While the queues are shared the owner uses
//   sequentially consistent operations. While they are private it does not, and the fence in the thief's entry stands
//   for it: either the lowered bottom_ was stored before that fence, and the thief sees it; or the owner reads the
//   bias after it, and goes the long way. A pushed item is published by the release of bottom_, which pairs with the
//   acquire in steal().
// Source: Chase and Lev, Dynamic Circular Work-Stealing Deque, 2005; orders after Le, Pop, Cohen and Zappa Nardelli,
//   2013.
// Rejected: first in first out for the owner (unfolds a tree of tasks breadth first).
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/bias.hpp>
#include <hocket/detail/fault.hpp>
#include <hocket/detail/slots.hpp>

namespace hocket::inline HOCKET_ABI::detail {

template <class T>
class deque {
public:
    // `capacity` is a power of two. Throws std::bad_alloc.
    explicit deque(std::size_t capacity = 256) : items_(capacity) {}
    deque(deque const&) = delete;
    deque& operator=(deque const&) = delete;

    // Adds an item at the bottom. False when the deque is full and there is no memory to grow it. [owner]
    bool push(T* item) noexcept {
        std::int64_t const b = bottom_.load(relaxed);
        // acquire: pairs with the compare-and-swap in steal(): the slot may be written again only after the thief is
        // done
        std::int64_t const t = top_.load(acquire);
        if (b - t >= items_.capacity()) [[unlikely]]
            if (!items_.grow(t, b)) return false;
        put(b, item);
        return true;
    }
    // Whether push() need not grow it; the same for when it need not. [owner]
    bool has_room() const noexcept {
        return bottom_.load(relaxed) - top_.load(acquire) < items_.capacity();  // acquire: as in push()
    }
    void push_in_room(T* item) noexcept { put(bottom_.load(relaxed), item); }

    // Takes the newest item; null when there is none. [owner]
    T* take(bias& mine) noexcept {
        std::int64_t const b = bottom_.load(relaxed) - 1;
        return take_at(mine, b) ? items_.get(b) : nullptr;
    }

    // The same for an owner who knows which one it is: whether it was there. [owner]
    bool take_back(bias& mine) noexcept { return take_at(mine, bottom_.load(relaxed) - 1); }

    // Takes the oldest item. Null when there is none, or (`lost` then set) when another was faster. [owner; thief inside
    // the owner's bias]
    T* steal(bool& lost) noexcept {
        std::int64_t t = top_.load(seq_cst);
        std::int64_t const b = bottom_.load(seq_cst);  // acquire as well: pairs with the release in push()
        if (t >= b) return nullptr;
        T* const item = items_.look(t);
        if (!top_.compare_exchange_strong(t, t + 1, seq_cst, relaxed)) {
            lost = true;
            return nullptr;
        }
        return item;
    }

    // True for certain when nothing is in it, for the owner; a guess for others. [any thread]
    bool empty() const noexcept { return bottom_.load(relaxed) <= top_.load(relaxed); }

    // Items in it: exact for the owner, a guess for others. [any thread]
    std::size_t size() const noexcept {
        std::int64_t const n = bottom_.load(relaxed) - top_.load(relaxed);
        return n > 0 ? static_cast<std::size_t>(n) : 0;
    }

    // Gives the memory back that it has grown to, if it is empty and no thief is about. [owner]
    void shrink(bias& mine) noexcept {
        if (mine.begin() && empty()) items_.shrink();
        mine.end();
    }

private:
    void put(std::int64_t b, T* item) noexcept {
        items_.put(b, item);
        bottom_.store(b + 1, release);  // pairs with the acquire in steal()
    }

    // b is the last position.
    bool take_at(bias& mine, std::int64_t b) noexcept {
        if (b < top_.load(relaxed)) [[unlikely]] return false;  // top_ only grows, so it is empty
        bottom_.store(b, relaxed);  // before shared() looks: see Memory order
        if (mine.shared()) [[unlikely]] return take_shared(mine, b);
        if (b >= top_.load(relaxed)) [[likely]] return true;
        bottom_.store(b + 1, relaxed);
        return false;
    }

    // bottom_ has been lowered to b, but perhaps not seen so.
    HOCKET_NOINLINE bool take_shared(bias& mine, std::int64_t b) noexcept {
        bottom_.exchange(b, seq_cst);  // before the load of top_
        std::int64_t t = top_.load(seq_cst);
        bool taken = t <= b;
        if (t >= b) {
            // The last one: race the thieves for it.
            bool const raced = !seam::fault_injected(seam::fault::deque_take_without_race);
            if (t == b && raced) taken = top_.compare_exchange_strong(t, t + 1, seq_cst, relaxed);
            bottom_.store(b + 1, relaxed);
        }
        mine.used_shared();
        return taken;
    }

    atomic<std::int64_t> bottom_{0};  // the owner's line, of which a thief reads little
    slots<T> items_;
    alignas(64) atomic<std::int64_t> top_{0};
};

}  // namespace hocket::inline HOCKET_ABI::detail
