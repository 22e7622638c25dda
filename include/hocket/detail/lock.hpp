// The lock that guards hocket's own short critical sections: it spins briefly, then sleeps.
//
// States: 0 free, 1 held, 2 held and somebody may sleep on it.
// Protocol: lock() goes 0 -> 1; a waiter sets 2 before it sleeps and takes the lock as 2, so that its own unlock wakes
//   the next. unlock() exchanges to 0 and wakes one sleeper if it found 2. Nothing of the object is touched after that
//   exchange but its address (as a futex key), so the next holder may destroy it.
// Not for users: it does not suspend the fiber but stops its thread, so nothing that can suspend may run under it.
// Source: "mutex3" of Ulrich Drepper, Futexes Are Tricky.
#pragma once

#include <cstdint>
#include <hocket/detail/atomic.hpp>

namespace hocket::inline HOCKET_ABI::detail {

class lock {
public:
    lock() noexcept = default;
    lock(lock const&) = delete;
    lock& operator=(lock const&) = delete;

    // Takes the lock. Blocks the thread for as long as another holds it. [any thread]
    void acquire() noexcept {
        std::uint32_t free = 0;
        // acquire: pairs with the release in drop()
        if (!word_.compare_exchange_strong(free, 1, detail::acquire, relaxed)) acquire_slow();
    }

    // Takes the lock if nobody holds it. [any thread]
    bool try_acquire() noexcept {
        std::uint32_t free = 0;
        return word_.compare_exchange_strong(free, 1, detail::acquire, relaxed);
    }

    // Gives the lock back; the caller holds it. [any thread]
    void drop() noexcept {
        // release: pairs with the acquire in acquire(), try_acquire() and acquire_slow()
        if (word_.exchange(0, release) == 2) wake_one();
    }

private:
    HOCKET_API void acquire_slow() noexcept;
    HOCKET_API void wake_one() noexcept;

    atomic<std::uint32_t> word_{0};
};

// Holds a lock for a scope.
class hold {
public:
    explicit hold(lock& l) noexcept : lock_(l) { lock_.acquire(); }
    hold(hold const&) = delete;
    hold& operator=(hold const&) = delete;
    ~hold() { lock_.drop(); }

private:
    lock& lock_;
};

}  // namespace hocket::inline HOCKET_ABI::detail
