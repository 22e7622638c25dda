// The contended half of detail::lock.
#include <hocket/detail/lock.hpp>

#include "seam/fault.hpp"
#include "seam/futex.hpp"
#include "seam/pause.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// About the length of the longest section held under a lock of ours, in pause instructions.
constexpr int spins = 64;

void lock::acquire_slow() noexcept {
    for (int i = 0; i < spins; ++i) {
        std::uint32_t seen = word_.load(relaxed);
        if (seen == 0 && word_.compare_exchange_strong(seen, 1, detail::acquire, relaxed)) return;
        if (seen == 2) break;
        seam::pause();
    }
    // acquire: pairs with the release in drop()
    while (word_.exchange(2, detail::acquire) != 0) seam::futex_wait(word_, 2);
    if (seam::fault_injected(seam::fault::lock_forgets_sleepers)) word_.store(1, relaxed);
}

void lock::wake_one() noexcept { seam::futex_wake(word_, 1); }

}  // namespace hocket::inline HOCKET_ABI::detail
