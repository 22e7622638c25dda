// Tells AddressSanitizer which bytes nobody may touch; nothing at all in builds without it.
#pragma once

#include <cstddef>
#include <hocket/detail/config.hpp>

#ifdef HOCKET_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace hocket::inline HOCKET_ABI::detail {

// From here on touching [p, p + bytes) is reported. p is 8-aligned. [any thread]
HOCKET_ALWAYS_INLINE void poison([[maybe_unused]] void const* p, [[maybe_unused]] std::size_t bytes) noexcept {
#ifdef HOCKET_ASAN
    __asan_poison_memory_region(p, bytes);
#endif
}

// From here on it is allowed again. [any thread]
HOCKET_ALWAYS_INLINE void unpoison([[maybe_unused]] void const* p, [[maybe_unused]] std::size_t bytes) noexcept {
#ifdef HOCKET_ASAN
    __asan_unpoison_memory_region(p, bytes);
#endif
}

}  // namespace hocket::inline HOCKET_ABI::detail
