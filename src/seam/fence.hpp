// A fence of two unequal halves, for a protocol in which one side runs a million times as often as the other:
//
//   often:   publish work;  light_fence();  read "is anybody asleep?"
//   rarely:  announce sleep;  heavy_fence();  look for work once more
//
// At least one of the two sees the other's store. light_fence() only stops the compiler; heavy_fence() makes every
// thread of the process pass a full fence (membarrier). Where the kernel has no membarrier both halves are full
// fences.
#pragma once

#include <hocket/detail/atomic.hpp>

namespace hocket::inline HOCKET_ABI::detail::seam {

#ifdef HOCKET_EXPLORED
inline constexpr bool fences_are_unequal = true;
inline void light_fence() noexcept {}  // explored atomics are sequentially consistent
inline void heavy_fence() noexcept {}
#else
// True when membarrier is registered for this process; set before any runtime starts, never changed afterwards.
extern bool fences_are_unequal;

inline void light_fence() noexcept {
    if (fences_are_unequal) [[likely]]
        std::atomic_signal_fence(std::memory_order_seq_cst);
    else
        std::atomic_thread_fence(std::memory_order_seq_cst);
}

// About 2 us. [any thread]
void heavy_fence() noexcept;
#endif

}  // namespace hocket::inline HOCKET_ABI::detail::seam
