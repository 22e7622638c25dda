// The thief's half of bias: see the head of hocket/detail/bias.hpp.
#include <hocket/detail/bias.hpp>
#include <hocket/detail/fault.hpp>

#include "seam/fence.hpp"
#include "seam/pause.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// Ten times the longest section of an owner, in pauses.
constexpr int looks = 64;

// A visitor that never leaves keeps the queues shared.
bias::bias() noexcept : word_(seam::fences_are_unequal ? 0 : open | 1) {}

bool bias::enter() noexcept {
    // acquire: pairs with the release in end(), by way of whoever opened them
    if ((word_.fetch_add(1, seq_cst) & open) != 0) return true;
    seam::heavy_fence();
    for (int i = 0; i < looks; ++i) {
        // acquire: pairs with the release in end()
        if (inside_.load(acquire) == 0 || seam::fault_injected(seam::fault::thief_does_not_wait)) {
            word_.fetch_or(open, acq_rel);
            return true;
        }
        seam::pause();
    }
    leave();
    return false;
}

}  // namespace hocket::inline HOCKET_ABI::detail
