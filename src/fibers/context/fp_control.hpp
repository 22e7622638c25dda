// The floating-point control state of a thread: rounding, flush-to-zero, which exceptions trap. No context carries it by
// itself (context.hpp; that Boost's does makes no difference, for all of a runtime's threads have the same between fibers):
// the scheduler changes it around tasks that asked for their own, and compares it in debug builds.
#pragma once

#include <cstdint>
#include <hocket/detail/config.hpp>

#if !defined(__x86_64__) && !defined(__aarch64__)
#include <cfenv>
#include <cstring>
#endif

namespace hocket::inline HOCKET_ABI::detail {

// As it was when it was taken.
class fp_control {
public:
    fp_control() noexcept = default;

    // Of the calling thread. With it come, on x86-64 and AArch64, not the flags of exceptions that were raised.
    static fp_control now() noexcept {
        fp_control c;
#if defined(__x86_64__)
        asm volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(c.mxcsr_), "=m"(c.x87_));
        c.mxcsr_ &= ~raised;
#elif defined(__aarch64__)
        asm volatile("mrs %0, fpcr" : "=r"(c.fpcr_));
#else
        fegetmode(&c.mode_);
#endif
        return c;
    }

    // Makes it the calling thread's.
    void put() const noexcept {
#if defined(__x86_64__)
        asm volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(mxcsr_), "m"(x87_) : "memory");
#elif defined(__aarch64__)
        asm volatile("msr fpcr, %0" : : "r"(fpcr_) : "memory");
#else
        fesetmode(&mode_);
#endif
    }

    friend bool operator==(fp_control const& a, fp_control const& b) noexcept {
#if defined(__x86_64__)
        return a.mxcsr_ == b.mxcsr_ && a.x87_ == b.x87_;
#elif defined(__aarch64__)
        return a.fpcr_ == b.fpcr_;
#else
        return std::memcmp(&a.mode_, &b.mode_, sizeof(femode_t)) == 0;
#endif
    }

private:
#if defined(__x86_64__)
    static constexpr std::uint32_t raised = 0x3f;
    std::uint32_t mxcsr_ = 0;
    std::uint16_t x87_ = 0;
#elif defined(__aarch64__)
    std::uint64_t fpcr_ = 0;
#else
    femode_t mode_{};
#endif
};

}  // namespace hocket::inline HOCKET_ABI::detail
