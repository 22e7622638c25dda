// A small reproducible stream of random numbers.
#pragma once

#include <cstdint>
#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::explorer {

// splitmix64 (Steele, Lea, Flood 2014): any seed is a good one, 0 included.
class random_stream {
public:
    explicit random_stream(std::uint64_t seed) noexcept : state_(seed) {}

    std::uint64_t next() noexcept {
        state_ += 0x9E3779B97F4A7C15u;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        return z ^ (z >> 31);
    }

    // In [0, n), n at least 1.
    std::uint32_t below(std::uint32_t n) noexcept { return static_cast<std::uint32_t>(((next() >> 32) * n) >> 32); }

    // In (0, 1].
    double unit() noexcept { return (static_cast<double>(next() >> 11) + 1) * 0x1p-53; }

private:
    std::uint64_t state_;
};

}  // namespace hocket::inline HOCKET_ABI::explorer
