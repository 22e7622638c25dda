// The time, as every scenario measures it.
#pragma once

#include <chrono>
#include <cstdint>

namespace hocket::stress {

// Nanoseconds of std::chrono::steady_clock. [any thread]
inline std::int64_t now_ns() noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

}  // namespace hocket::stress
