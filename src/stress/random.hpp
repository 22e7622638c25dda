// Random choices that a seed repeats.
//
// A generator is one stream: the seed of the run, the scenario, the round and a number of the scenario's own name it.
// Fibers have a stream each, so that what is drawn does not depend on who runs first. When a generator ends it folds
// its last state, which tells stream and number of draws, into the scenario's digest: two runs that drew the same have
// the same digest.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace hocket::stress {

// A bijection of 64-bit numbers that spreads every bit: the finaliser of splitmix64. Also the checksum of the
// scenarios.
constexpr std::uint64_t mix(std::uint64_t x) noexcept {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

// A number for a text (FNV-1a).
constexpr std::uint64_t hash(std::string_view text) noexcept {
    std::uint64_t h = 0xCBF29CE484222325u;
    for (char const c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
    return h;
}

class generator {
public:
    generator(std::uint64_t stream, std::atomic<std::uint64_t>& digest) noexcept
        : state_(mix(stream)), digest_(digest) {}
    generator(generator const&) = delete;
    generator& operator=(generator const&) = delete;
    ~generator() { digest_.fetch_add(mix(state_), std::memory_order_relaxed); }

    std::uint64_t next() noexcept { return mix(state_ += 0x9E3779B97F4A7C15u); }

    // 0 .. n-1; n > 0. The bias, n / 2^32, does not matter here.
    std::uint64_t below(std::uint32_t n) noexcept { return ((next() >> 32) * n) >> 32; }

    // first .. last, both included.
    std::uint64_t between(std::uint32_t first, std::uint32_t last) noexcept { return first + below(last - first + 1); }

    // True once in n times.
    bool one_in(std::uint32_t n) noexcept { return below(n) == 0; }

private:
    std::uint64_t state_;
    std::atomic<std::uint64_t>& digest_;
};

}  // namespace hocket::stress
