// What is left of a runtime whose work should be done, as words.
#pragma once

#include <hocket/runtime.hpp>

#include <cstddef>
#include <string>

namespace hocket::inline HOCKET_ABI::testing::detail {

// "1 task outlived the test body, 1 timer is still armed"; empty when nothing is left but `carriers` stacks, those that
// idle workers stand on.
std::string leaks(runtime_stats const& s, std::size_t carriers);

}  // namespace hocket::inline HOCKET_ABI::testing::detail
