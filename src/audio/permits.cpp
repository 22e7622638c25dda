// Permits, first come first served.
#include "audio/permits.hpp"

#include <algorithm>
#include <chrono>

namespace hocket::inline HOCKET_ABI::audio::detail {

static std::int64_t now_ns() noexcept {
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

permits::permits(unsigned count, unsigned workers)
    : free_(count), count_(count), fewest_free_(count), who_(workers, nullptr), since_(workers) {}

std::int64_t permits::acquire(unsigned worker, std::string const& who) noexcept {
    std::unique_lock held(guard_);
    if (free_ > 0) {
        fewest_free_ = std::min(fewest_free_, --free_);
    } else {
        waiter me;
        (last_ != nullptr ? last_->next : first_) = &me;
        last_ = &me;
        me.granted.wait(held, [&] { return me.has; });
    }
    who_[worker] = &who;
    std::int64_t const now = now_ns();
    since_[worker].store(now, std::memory_order_relaxed);
    return now;
}

std::int64_t permits::release(unsigned worker) noexcept {
    std::lock_guard const held(guard_);
    std::int64_t const length = now_ns() - since_[worker].load(std::memory_order_relaxed);
    since_[worker].store(0, std::memory_order_relaxed);
    who_[worker] = nullptr;
    waiter* const next = first_;
    if (next == nullptr) {
        ++free_;
        return length;
    }
    if ((first_ = next->next) == nullptr) last_ = nullptr;
    next->has = true;
    next->granted.notify_one();  // under the lock: `next` goes with its thread's frame
    return length;
}

std::vector<permit_holder> permits::holders() const {
    std::vector<permit_holder> result;
    {
        std::lock_guard const held(guard_);
        std::int64_t const now = now_ns();
        for (std::size_t w = 0; w < who_.size(); ++w)
            if (who_[w] != nullptr)
                result.push_back({*who_[w], std::chrono::nanoseconds(now - since_[w].load(std::memory_order_relaxed))});
    }
    std::ranges::sort(result, std::greater{}, &permit_holder::held);
    return result;
}

unsigned permits::most() const noexcept {
    std::lock_guard const held(guard_);
    return count_ - fewest_free_;
}

}  // namespace hocket::inline HOCKET_ABI::audio::detail
