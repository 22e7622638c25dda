// The Boost.Context backend.
#pragma once

#include <hocket/detail/config.hpp>

#include "fibers/context/context.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// Bit 0 of a token, set in those of this backend: stacks are 16-aligned, so the bit is free.
inline constexpr std::uintptr_t boost_bit = 1;

// The same two operations as the native backend's, over boost::context::fiber. Tokens carry the bit.
void* boost_jump(void* to) noexcept;
void* boost_make(stack& s, entry_function entry) noexcept;

}  // namespace hocket::inline HOCKET_ABI::detail
