// Flushes denormal floats to zero for a scope: a decaying reverb would else take a hundred times as long per operation.
#pragma once

#include <cstdint>
#include <hocket/detail/config.hpp>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace hocket::inline HOCKET_ABI::audio::detail {

class flush_denormals {
public:
    // [audio]
#if defined(__SSE2__)
    flush_denormals() noexcept : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | flush_to_zero | denormals_are_zero); }
    ~flush_denormals() { _mm_setcsr(saved_); }
#elif defined(__aarch64__)
    flush_denormals() noexcept {
        asm volatile("mrs %0, fpcr" : "=r"(saved_));
        asm volatile("msr fpcr, %0" : : "r"(saved_ | flush_to_zero));
    }
    ~flush_denormals() { asm volatile("msr fpcr, %0" : : "r"(saved_)); }
#else
    flush_denormals() noexcept {}
    ~flush_denormals() {}
#endif
    flush_denormals(flush_denormals const&) = delete;
    flush_denormals& operator=(flush_denormals const&) = delete;

private:
#if defined(__SSE2__)
    static constexpr unsigned flush_to_zero = 0x8000;      // MXCSR.FTZ
    static constexpr unsigned denormals_are_zero = 0x40;   // MXCSR.DAZ
    unsigned saved_;
#elif defined(__aarch64__)
    static constexpr std::uint64_t flush_to_zero = std::uint64_t{1} << 24;  // FPCR.FZ, operands included
    std::uint64_t saved_;
#endif
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail
