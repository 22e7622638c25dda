// The slots of a queue whose positions only grow: a circular array that its owner writes and replaces by a larger one,
// while thieves read it.
//
// Protocol: the item at position p lies in slot p mod capacity. The owner alone stores, and grows: it copies what is
//   between the two ends into an array of twice the size and publishes that. A thief may still read the old one, which
//   holds the same items at the same positions, so retired arrays live until the queue dies, or shrinks while no thief is
//   about (together they are smaller than the present one).
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/array_memory.hpp>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/config.hpp>
#include <memory>
#include <new>
#include <utility>

namespace hocket::inline HOCKET_ABI::detail {

template <class T>
class slots {
public:
    // `capacity` is a power of two. Throws std::bad_alloc.
    explicit slots(std::size_t capacity) : array_(make(capacity)) { use(array_.load(relaxed)); }
    slots(slots const&) = delete;
    slots& operator=(slots const&) = delete;
    ~slots() {
        array* a = array_.load(relaxed);
        while (a != nullptr) end(std::exchange(a, a->retired));
    }

    std::int64_t capacity() const noexcept { return mask_ + 1; }  // [owner]

    void put(std::int64_t position, T* item) noexcept { at_[position & mask_].store(item, relaxed); }  // [owner]
    T* get(std::int64_t position) const noexcept { return at_[position & mask_].load(relaxed); }       // [owner]

    // What is at `from`, with `item` put at `to`, which may be the same slot; `also` gets what is at `third` then. [owner]
    T* exchange(std::int64_t from, std::int64_t to, T* item, std::int64_t third, T*& also) noexcept {
        std::int64_t const mask = mask_;  // no store below can change these two, but a compiler does not know
        atomic<T*>* const at = at_;
        T* const was = at[from & mask].load(relaxed);
        at[to & mask].store(item, relaxed);
        also = at[third & mask].load(relaxed);
        return was;
    }

    // The same as get() for who does not own it: only what is between the two ends is there. [any thread]
    T* look(std::int64_t position) const noexcept {
        array const* const a = array_.load(acquire);  // pairs with the release in grow()
        return a->items()[position & a->mask].load(relaxed);
    }

    // Doubles the capacity; false when there is no memory. What counts is from `first` to before `last`. [owner]
    HOCKET_NOINLINE bool grow(std::int64_t first, std::int64_t last) noexcept {
        array* bigger;
        try {
            bigger = make(2 * static_cast<std::size_t>(capacity()));
        } catch (std::bad_alloc const&) {
            return false;
        }
        for (std::int64_t p = first; p < last; ++p) bigger->items()[p & bigger->mask].store(get(p), relaxed);
        bigger->retired = array_.load(relaxed);
        use(bigger);
        array_.store(bigger, release);  // pairs with the acquire in look()
        return true;
    }

    // Back to the first array; the others are freed. Nothing is in it, and nobody else looks. [owner]
    void shrink() noexcept {
        array* a = array_.load(relaxed);
        while (a->retired != nullptr) end(std::exchange(a, a->retired));
        use(a);
        array_.store(a, release);  // pairs with the acquire in look()
    }

private:
    // The items follow it.
    struct array {
        std::int64_t mask;
        array* retired = nullptr;

        atomic<T*>* items() noexcept { return reinterpret_cast<atomic<T*>*>(this + 1); }
        atomic<T*> const* items() const noexcept { return reinterpret_cast<atomic<T*> const*>(this + 1); }
    };
    static_assert(sizeof(array) % alignof(atomic<T*>) == 0);

    static std::size_t bytes_of(std::size_t capacity) noexcept { return sizeof(array) + capacity * sizeof(atomic<T*>); }
    static array* make(std::size_t capacity) {
        auto* const a = ::new (take_array(bytes_of(capacity))) array{static_cast<std::int64_t>(capacity) - 1};
        std::uninitialized_default_construct_n(a->items(), capacity);
        return a;
    }
    static void end(array* a) noexcept { give_array(a, bytes_of(static_cast<std::size_t>(a->mask) + 1)); }

    void use(array* a) noexcept {
        mask_ = a->mask;
        at_ = a->items();
    }

    std::int64_t mask_;  // these two are the owner's own
    atomic<T*>* at_;
    atomic<array*> array_;
};

}  // namespace hocket::inline HOCKET_ABI::detail
