// The contended half of detail::lock.
#include "seam/lock.hpp"

#include <hocket/detail/fault.hpp>
#include "seam/futex.hpp"
#include "seam/pause.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// About the length of the longest section held under a lock of ours, in pause instructions.
constexpr int spins = 64;

constinit atomic<std::uint32_t> lock_sleepers::counts_[places] = {};

void lock::acquire_slow() noexcept {
    for (int i = 0; i < spins; ++i) {
        if (word_.load(relaxed) == 0 && try_acquire()) return;
        seam::pause();
    }
    atomic<std::uint32_t>& asleep = lock_sleepers::of(this);
    bool const counted = !seam::fault_injected(seam::fault::lock_forgets_sleepers);
    if (counted) asleep.fetch_add(1, seq_cst);
    seam::heavy_fence();
    // acquire: pairs with the release in drop()
    while (word_.exchange(1, detail::acquire) != 0) seam::futex_wait(word_, 1);
    if (counted) asleep.fetch_sub(1, relaxed);
}

void lock::wake_one() noexcept { seam::futex_wake(word_, 1); }

}  // namespace hocket::inline HOCKET_ABI::detail
