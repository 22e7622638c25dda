// What this process has of the system's memory.
#pragma once

#include <cstdint>
#include <hocket/detail/config.hpp>

namespace hocket::stress {

// Bytes.
struct memory_use {
    std::int64_t resident = 0;
    std::int64_t page_tables = 0;

    // [any thread]
    static memory_use now();

    // False under sanitizers, whose own memory drowns the program's.
    static constexpr bool means_something() noexcept {
#if defined(HOCKET_ASAN) || defined(HOCKET_TSAN)
        return false;
#else
        return true;
#endif
    }
};

}  // namespace hocket::stress
