// What the cases of allocation share: sizes, the same for every side, and the proof that each allocation was had.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "side.hpp"

namespace hocket::bench {

// Sizes from 16 to `largest` bytes, each as likely as any other, in an order that no predictor learns.
class size_mix {
public:
    explicit size_mix(std::uint64_t largest) noexcept {
        std::uint64_t state = 1;
        for (auto& size : sizes_) {
            state = state * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
            size = static_cast<std::uint16_t>(16 + (state >> 33) % (largest - 15));
        }
    }
    std::size_t operator[](std::uint64_t i) const noexcept { return sizes_[i % sizes_.size()]; }

private:
    std::array<std::uint16_t, 4096> sizes_{};
};

// Writes to an allocation and reads it back, so that no compiler does without it.
inline std::uint64_t used(void* memory, std::uint64_t value) noexcept {
    *static_cast<std::uint64_t*>(memory) = value;
    asm volatile("" : "+r"(memory) : : "memory");
    return *static_cast<std::uint64_t*>(memory);
}

// Cycles of p["cycle"] allocations of 16 to p["largest"] bytes, after each of which over() gives them all back; two
// cycles warm up. Checksum: the sum of the allocations' numbers.
template <class Allocate, class Over>
sample churn(parameters const& p, Allocate allocate, Over over) {
    sample s;
    size_mix const sizes(p["largest"]);
    std::uint64_t const cycle = p["cycle"], cycles = p["count"] / cycle;
    auto const run = [&](std::uint64_t times) {
        std::uint64_t sum = 0, i = 0;
        for (std::uint64_t c = 0; c < times; ++c) {
            for (std::uint64_t k = 0; k < cycle; ++k, ++i) sum += used(allocate(sizes[i]), i);
            over();
        }
        return sum;
    };
    run(2);
    meter const m;
    s.checksum = run(cycles);
    m.stop(s);
    s.count = cycle * cycles;
    return s;
}

// What gives each allocation back by itself.
template <void* (*Allocate)(std::size_t), void (*Free)(void*)>
sample churn_one_by_one(parameters const& p) {
    auto const kept = std::make_unique<void*[]>(p["cycle"]);
    std::size_t count = 0;
    return churn(
        p, [&](std::size_t bytes) { return kept[count++] = Allocate(bytes); },
        [&] {
            for (std::size_t i = 0; i < count; ++i) Free(kept[i]);
            count = 0;
        });
}

}  // namespace hocket::bench
