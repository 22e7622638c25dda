// How a test program ends; 0 and 1 are doctest's.
#pragma once

#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::testing::detail {

inline constexpr int exit_usage = 2;         // a wrong option or variable
inline constexpr int exit_hang = 3;          // a test case took too long
inline constexpr int exit_nothing_run = 77;  // no test case was run

}  // namespace hocket::inline HOCKET_ABI::testing::detail
