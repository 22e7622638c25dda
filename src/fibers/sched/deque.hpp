// The work-stealing deque: its owner pushes and takes fresh tasks at the bottom, newest first; thieves take the
// oldest at the top.
//
// Protocol: positions only grow. top_ is the oldest item not yet taken, bottom_ one past the newest; item p lies in
//   slot p mod capacity. The owner alone writes bottom_ and the slots. Everybody who wants the item at top_ must win
//   the compare-and-swap of top_ from p to p + 1, but the owner, which takes an item that is not the last one without
//   it: having lowered bottom_ before it read top_, no thief that reads bottom_ afterwards goes for that item.
// Memory order: take() stores bottom_, then reads top_; steal() reads top_, then bottom_. Each needs the store and
//   the load in one total order (sequentially consistent), or both could take the last item. A pushed item is
//   published by the release of bottom_, which pairs with the acquire in steal().
// Growth: the owner copies into an array of twice the size and publishes it; a thief may still read the old one, so
//   retired arrays live until the deque dies (together they are smaller than the present one).
// Source: Chase and Lev, Dynamic Circular Work-Stealing Deque, 2005; orders after Le, Pop, Cohen and Zappa Nardelli,
// 2013.
// Rejected: first in first out for the owner (unfolds a tree of tasks breadth first).
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <memory>
#include <new>
#include <utility>

#include "seam/fault.hpp"

namespace hocket::inline HOCKET_ABI::detail {

template <class T>
class deque {
public:
    // `capacity` is a power of two. Throws std::bad_alloc.
    explicit deque(std::size_t capacity = 256) : array_(new array(capacity)) {}
    deque(deque const&) = delete;
    deque& operator=(deque const&) = delete;
    ~deque() {
        array* a = array_.load(relaxed);
        while (a != nullptr) delete std::exchange(a, a->retired);
    }

    // Adds an item at the bottom. False when the deque is full and there is no memory to grow it. [owner]
    bool push(T* item) noexcept {
        std::int64_t const b = bottom_.load(relaxed);
        array* a = array_.load(relaxed);
        // acquire: pairs with the compare-and-swap in steal(): the slot may be written again only after the thief is
        // done
        if (b - top_.load(acquire) >= static_cast<std::int64_t>(a->capacity)) [[unlikely]] {
            a = grow(a, b);
            if (a == nullptr) return false;
        }
        a->slot(b).store(item, relaxed);
        bottom_.store(b + 1, release);  // pairs with the acquire in steal()
        return true;
    }

    // Takes the newest item; null when there is none. [owner]
    T* take() noexcept {
        std::int64_t const b = bottom_.load(relaxed) - 1;
        if (b < top_.load(relaxed)) return nullptr;  // top_ only grows, so it is empty
        array* const a = array_.load(relaxed);
        bottom_.store(b, seq_cst);  // before the load of top_: see Memory order
        std::int64_t t = top_.load(seq_cst);
        if (t < b) return a->slot(b).load(relaxed);
        T* item = nullptr;
        if (t == b) {
            item = a->slot(b).load(relaxed);
            // The last one: race the thieves for it.
            bool const raced = !seam::fault_injected(seam::fault::deque_take_without_race);
            if (raced && !top_.compare_exchange_strong(t, t + 1, seq_cst, relaxed)) item = nullptr;
        }
        bottom_.store(b + 1, relaxed);
        return item;
    }

    // Takes the oldest item. Null when there is none, or (`lost` then set) when another was faster. [any thread]
    T* steal(bool& lost) noexcept {
        std::int64_t t = top_.load(seq_cst);
        std::int64_t const b = bottom_.load(seq_cst);  // acquire as well: pairs with the release in push()
        if (t >= b) return nullptr;
        array* const a = array_.load(acquire);  // pairs with the release in grow()
        T* const item = a->slot(t).load(relaxed);
        if (!top_.compare_exchange_strong(t, t + 1, seq_cst, relaxed)) {
            lost = true;
            return nullptr;
        }
        return item;
    }

    // Items in it: exact for the owner, a guess for others. [any thread]
    std::size_t size() const noexcept {
        std::int64_t const n = bottom_.load(relaxed) - top_.load(relaxed);
        return n > 0 ? static_cast<std::size_t>(n) : 0;
    }

private:
    struct array {
        explicit array(std::size_t n) : capacity(n), slots(new atomic<T*>[n]) {}
        atomic<T*>& slot(std::int64_t p) noexcept { return slots[static_cast<std::size_t>(p) & (capacity - 1)]; }
        std::size_t const capacity;
        std::unique_ptr<atomic<T*>[]> slots;
        array* retired = nullptr;
    };

    array* grow(array* old, std::int64_t b) noexcept {
        array* bigger;
        try {
            bigger = new array(old->capacity * 2);
        } catch (std::bad_alloc const&) {
            return nullptr;
        }
        for (std::int64_t p = top_.load(relaxed); p < b; ++p)
            bigger->slot(p).store(old->slot(p).load(relaxed), relaxed);
        bigger->retired = old;
        array_.store(bigger, release);  // pairs with the acquire in steal()
        return bigger;
    }

    alignas(64) atomic<std::int64_t> top_{0};
    alignas(64) atomic<std::int64_t> bottom_{0};
    atomic<array*> array_;
};

}  // namespace hocket::inline HOCKET_ABI::detail
