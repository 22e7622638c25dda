// Looking at parked fibers from outside, at their records and at their stacks: none goes on while it is looked at.
//
// Protocol: whoever wakes a fiber stores `ready`, then reads watching_. A watcher raises watching_, passes a heavy fence,
//   and looks at each record under the guard: either it sees the fiber ready and leaves it alone, or the waker sees that
//   somebody watches, and takes the guard once before it lets the fiber run. A fiber is suspended only when its context
//   has been stored, so while the guard is held, and its state says that it sleeps, its frames stay as they are.
// Memory order: fall_asleep() releases the fiber's frames, and the watcher acquires them with the state. The end of
//   watching_ releases what the watcher did to wakers that find it over.
// Rejected: a compare-and-swap by the waker (5 ns, a tenth of a round trip).
#pragma once

#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/fault.hpp>

#include "seam/fence.hpp"
#include "seam/lock.hpp"

namespace hocket::inline HOCKET_ABI::detail {

class parked_watch {
public:
    // Brackets a watcher's looks; several may watch. [any thread]
    void begin() noexcept {
        watching_.fetch_add(1, relaxed);
        seam::heavy_fence();
    }
    void end() noexcept { watching_.fetch_sub(1, release); }  // pairs with the acquire in let_go()

    // Held during each look. Nothing is woken under it.
    lock guard;

    // After a suspended fiber has been made ready, and before anybody can find it: waits until nobody looks at it, which
    // takes some 1 us. [any thread]
    void let_go() noexcept {
        seam::light_fence();
        if (watching_.load(acquire) != 0) [[unlikely]] wait();
    }

private:
    // When the guard has been free nobody looks at this very fiber, and whoever does from now on finds it ready.
    void wait() noexcept {
        if (seam::fault_injected(seam::fault::wake_during_trim)) return;
        hold const held(guard);
    }

    atomic<std::uint32_t> watching_{0};
};

}  // namespace hocket::inline HOCKET_ABI::detail
