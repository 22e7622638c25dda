// The module under construction.
#include "audio/construction.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <hocket/mutex.hpp>
#include <hocket/this_fiber.hpp>

namespace hocket::inline HOCKET_ABI::audio::detail {

static mutex building;                          // held by the outermost construction
static std::atomic<std::uint64_t> builder{0};   // who holds it; 0: nobody
static construction* innermost = nullptr;       // the builder's

// Odd for fibers, even and not 0 for threads.
static std::uint64_t caller() noexcept {
    if (this_fiber::in_runtime()) return this_fiber::get_id().number() * 2 + 1;
    return static_cast<std::uint64_t>(syscall(SYS_gettid)) * 2;
}

construction::construction(std::shared_ptr<async_group> group) : group_(std::move(group)) {
    std::uint64_t const self = caller();
    // relaxed: only the caller itself ever stores its own number here
    if (builder.load(std::memory_order_relaxed) != self) {
        building.lock();
        builder.store(self, std::memory_order_relaxed);
    }
    outer_ = innermost;
    innermost = this;
}

construction::~construction() {
    innermost = outer_;
    if (outer_ != nullptr) return;
    builder.store(0, std::memory_order_relaxed);
    building.unlock();
}

std::shared_ptr<async_group> construction::current() noexcept {
    std::uint64_t const who = builder.load(std::memory_order_relaxed);
    return who != 0 && who == caller() ? innermost->group_ : nullptr;
}

}  // namespace hocket::inline HOCKET_ABI::audio::detail
