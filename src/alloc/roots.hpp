// Tells LeakSanitizer that mapped memory may hold the only pointer to something; nothing at all in builds without it.
#pragma once

#include <cstddef>
#include <hocket/detail/config.hpp>

#ifdef HOCKET_ASAN
#include <sanitizer/lsan_interface.h>
#endif

namespace hocket::inline HOCKET_ABI::detail {

// [p, p + bytes) is searched for pointers from now on. [any thread]
inline void note_root([[maybe_unused]] void const* p, [[maybe_unused]] std::size_t bytes) noexcept {
#ifdef HOCKET_ASAN
    __lsan_register_root_region(p, bytes);
#endif
}

// No longer; the same p and bytes. [any thread]
inline void forget_root([[maybe_unused]] void const* p, [[maybe_unused]] std::size_t bytes) noexcept {
#ifdef HOCKET_ASAN
    __lsan_unregister_root_region(p, bytes);
#endif
}

}  // namespace hocket::inline HOCKET_ABI::detail
