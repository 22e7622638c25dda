// How long things took: counts in buckets whose width grows with the value.
//
// Values below 32 have a bucket each; above, every power of two is cut into 32 buckets, so a percentile is at most 1/32
// too high. The maximum is exact. The size is fixed, whatever is recorded.
// Memory order: all relaxed; read it when those who record have ended, or take it as a glimpse.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hocket::stress {

class histogram {
public:
    // Negative values count as 0. [any thread]
    void record(std::int64_t value) noexcept;

    std::uint64_t count() const noexcept;  // [any thread]
    std::uint64_t max() const noexcept { return max_.load(std::memory_order_relaxed); }

    // The least value that at least `share` (0 to 1) of the recorded ones do not exceed, rounded up to the end of its
    // bucket but not above max(); 0 when nothing was recorded. [any thread]
    std::uint64_t percentile(double share) const noexcept;

private:
    static constexpr unsigned sub_bits = 5;
    static constexpr std::uint64_t sub = 1u << sub_bits;

    static std::size_t bucket_of(std::uint64_t value) noexcept;
    static std::uint64_t last_of(std::size_t bucket) noexcept;

    std::array<std::atomic<std::uint64_t>, (64 - sub_bits + 1) * sub> counts_{};
    std::atomic<std::uint64_t> max_{0};
};

}  // namespace hocket::stress
