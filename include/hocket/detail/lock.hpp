// The lock that guards hocket's own short critical sections: it spins briefly, then sleeps. Taking it is one locked
// instruction, giving it back none.
//
// States: 0 free, 1 held. Who sleeps is not written in the lock but counted in a table, by the lock's address.
// Protocol: a waiter that has spun enough counts itself in the table, passes a heavy fence, and from then on exchanges
//   the word for 1 until it was 0, asleep in between. drop() stores 0, then (light fence) looks into the table, and
//   wakes one sleeper if somebody is counted there. The fences make one of the two sides see the other: either drop()
//   finds the waiter counted, or the waiter finds the lock free. Different locks may share a place in the table; a
//   wake that was not needed is all that comes of it.
// Nothing of the object is touched after the store but its address, so the next holder may destroy it.
// Not for users: it does not suspend the fiber but stops its thread, so nothing that can suspend may run under it.
// Source: unequal fences as in asymmetric Dekker synchronisation (Dice, Huang, Yang, 2001); sleepers beside the object
//   as in WebKit's ParkingLot.
// Rejected: Drepper's mutex2 (a second locked instruction, to give it back).
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
        // acquire: pairs with the release in drop()
        if (word_.exchange(1, detail::acquire) != 0) acquire_slow();
    }

    // Takes the lock if nobody holds it. [any thread]
    bool try_acquire() noexcept { return word_.exchange(1, detail::acquire) == 0; }

    // Gives the lock back; the caller holds it. Its body is in seam/lock.hpp. [any thread]
    void drop() noexcept;

private:
    void acquire_slow() noexcept;
    void wake_one() noexcept;

    atomic<std::uint32_t> word_{0};
};

}  // namespace hocket::inline HOCKET_ABI::detail
