// Who owns a recursive mutex.
#include <hocket/recursive_mutex.hpp>

#include "fibers/sched/misuse.hpp"
#include "fibers/sched/worker.hpp"
#include "seam/thread.hpp"

namespace hocket::inline HOCKET_ABI::detail {

std::uint64_t caller_number() noexcept {
    constexpr std::uint64_t thread = std::uint64_t{1} << 63;  // tasks are counted from 1
    std::uint64_t const task = identity_number();
    return task != 0 ? task : thread | seam::thread_id();
}

void unlocked_by_stranger() noexcept {
    misuse("recursive_mutex::unlock() by somebody who does not hold it");
}

}  // namespace hocket::inline HOCKET_ABI::detail
