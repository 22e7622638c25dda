// A sum that many tasks add to without getting in each other's way.
//
// Memory order: all relaxed. sum() is exact when those who added are known to have ended (a join orders them before
//   it), and a glimpse otherwise.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <hocket/this_fiber.hpp>

namespace hocket::stress {

class tally {
public:
    // Modulo 2^64, so that it serves for checksums too. [any thread]
    void add(std::uint64_t n) noexcept {
        auto const shard = static_cast<unsigned>(this_fiber::worker()) % shards_.size();
        shards_[shard].value.fetch_add(n, std::memory_order_relaxed);
    }

    // [any thread]
    std::uint64_t sum() const noexcept {
        std::uint64_t total = 0;
        for (auto const& s : shards_) total += s.value.load(std::memory_order_relaxed);
        return total;
    }

private:
    struct alignas(64) shard {
        std::atomic<std::uint64_t> value{0};
    };
    std::array<shard, 16> shards_;
};

}  // namespace hocket::stress
