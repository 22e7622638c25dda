// The body of jump(): included where switches happen.
#pragma once

#include "fibers/context/boost.hpp"
#include "fibers/context/context.hpp"
#include "fibers/context/native.hpp"

#ifdef HOCKET_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef HOCKET_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace hocket::inline HOCKET_ABI::detail {

// Inline throughout, so that ThreadSanitizer sees no function entered on one stack and left on the other.
template <backend... known>
HOCKET_ALWAYS_INLINE context jump(context to, [[maybe_unused]] stack_view const& onto) noexcept {
#ifdef HOCKET_ASAN
    void* fake_stack = nullptr;
    __sanitizer_start_switch_fiber(&fake_stack, onto.bottom, onto.size);
#endif
#ifdef HOCKET_TSAN
    __tsan_switch_to_fiber(onto.fiber, 0);
#endif
    context left;
#if defined(__x86_64__)
    bool const native = sizeof...(known) != 0 ? ((known == backend::native) || ...)
                                              : (reinterpret_cast<std::uintptr_t>(to.token) & boost_bit) == 0;
    left.token = native ? native_jump(to.token) : boost_jump(to.token);
#else
    left.token = boost_jump(to.token);
#endif
#ifdef HOCKET_ASAN
    __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
    return left;
}

}  // namespace hocket::inline HOCKET_ABI::detail
