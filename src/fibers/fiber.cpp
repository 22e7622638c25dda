// The stop state of a fiber object's task.
#include <hocket/fiber.hpp>
#include <sys/sysinfo.h>

namespace hocket::inline HOCKET_ABI::detail {

std::stop_token fiber_state::stop_token() { return stop.get_token(); }

void fiber_state::follow(std::stop_token of_runtime) {
    if (!link_) link_.emplace(std::move(of_runtime), forward{stop});
}

}  // namespace hocket::inline HOCKET_ABI::detail

unsigned hocket::fiber::hardware_concurrency() noexcept { return static_cast<unsigned>(get_nprocs()); }
