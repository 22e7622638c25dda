// The processor's counter: a clock for the audio thread, which costs some ten nanoseconds and never enters the kernel.
#pragma once

#include <chrono>
#include <cstdint>
#include <hocket/detail/config.hpp>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace hocket::inline HOCKET_ABI::audio::detail {

class cycle_clock {
public:
    // It counts from here on in cycles, of a length that per_second() finds out. [control]
    cycle_clock() noexcept : cycles_(now()), time_(std::chrono::steady_clock::now()) {
        for (int i = 0; i < 100; ++i) {
            std::uint64_t const begin = now(), length = now() - begin;
            if (length < cost_) cost_ = length;
        }
    }

    // [audio]
    static std::uint64_t now() noexcept {
#if defined(__x86_64__)
        return __rdtsc();
#elif defined(__aarch64__)
        std::uint64_t count;
        asm volatile("mrs %0, cntvct_el0" : "=r"(count));
        return count;
#else
        return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
    }
    // Cycles that lie between two looks when nothing does. [audio]
    std::uint64_t cost() const noexcept { return cost_; }
    // 0 when it has only just been made. [control]
    double per_second() const noexcept {
        double const s = std::chrono::duration<double>(std::chrono::steady_clock::now() - time_).count();
        return s > 0 ? static_cast<double>(now() - cycles_) / s : 0;
    }

private:
    std::uint64_t cycles_;
    std::chrono::steady_clock::time_point time_;
    std::uint64_t cost_ = UINT64_MAX;
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail
