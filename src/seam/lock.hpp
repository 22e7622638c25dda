// The inner half of detail::lock: see the head of hocket/detail/lock.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/lock.hpp>

#include "seam/fence.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// Threads asleep on locks, by the lock's address.
class lock_sleepers {
public:
    static atomic<std::uint32_t>& of(void const* lock) noexcept {
#ifdef HOCKET_EXPLORED
        static_cast<void>(lock);  // an exploration must not depend on addresses
        return counts_[0];
#else
        return counts_[(reinterpret_cast<std::uintptr_t>(lock) >> 4) % places];
#endif
    }

private:
    static constexpr std::size_t places = 64;
    static atomic<std::uint32_t> counts_[places];
};

inline void lock::drop() noexcept {
    atomic<std::uint32_t>& asleep = lock_sleepers::of(this);
    word_.store(0, release);  // pairs with the acquire in acquire(), try_acquire() and acquire_slow()
    seam::light_fence();
    if (asleep.load(relaxed) != 0) [[unlikely]] wake_one();
}

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
