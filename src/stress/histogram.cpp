// The buckets of the histogram.
#include "stress/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace hocket::stress {

std::size_t histogram::bucket_of(std::uint64_t value) noexcept {
    if (value < sub) return value;
    unsigned const shift = static_cast<unsigned>(std::bit_width(value)) - 1 - sub_bits;
    return (shift + 1) * sub + ((value >> shift) & (sub - 1));
}

std::uint64_t histogram::last_of(std::size_t bucket) noexcept {
    if (bucket < sub) return bucket;
    unsigned const shift = static_cast<unsigned>(bucket / sub) - 1;
    return (((sub + bucket % sub + 1) << shift)) - 1;  // wraps to the largest number for the last bucket
}

void histogram::record(std::int64_t value) noexcept {
    auto const v = static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0));
    counts_[bucket_of(v)].fetch_add(1, std::memory_order_relaxed);
    std::uint64_t seen = max_.load(std::memory_order_relaxed);
    while (seen < v && !max_.compare_exchange_weak(seen, v, std::memory_order_relaxed)) {}
}

std::uint64_t histogram::count() const noexcept {
    std::uint64_t total = 0;
    for (auto const& c : counts_) total += c.load(std::memory_order_relaxed);
    return total;
}

std::uint64_t histogram::percentile(double share) const noexcept {
    std::uint64_t const total = count();
    if (total == 0) return 0;
    auto const wanted =
        std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total))), 1, total);
    std::uint64_t passed = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        passed += counts_[i].load(std::memory_order_relaxed);
        if (passed >= wanted) return std::min(last_of(i), max());
    }
    return max();
}

}  // namespace hocket::stress
