// Every random decision of the library: which victim, which waiter among equals, which timer first.
#pragma once

#include <cstdint>
#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::detail::seam {

// A stream of decisions; one per worker, not shared. In explored builds the explorer decides instead.
class choice {
public:
    explicit choice(std::uint64_t seed) noexcept : state_(seed * 2 + 1) {}

    // A number in [0, n); n is at least 1. [worker that owns the stream]
    std::uint32_t below(std::uint32_t n) noexcept;

private:
    std::uint64_t state_;
};

}  // namespace hocket::inline HOCKET_ABI::detail::seam
