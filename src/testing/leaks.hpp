// What is left of a runtime whose work should be done, as words.
#pragma once

#include <hocket/runtime.hpp>

#include <string>

namespace hocket::inline HOCKET_ABI::testing::detail {

// "1 task outlived the test body, 1 timer is still armed"; empty when nothing is left but the workers' own stacks.
std::string leaks(runtime_stats const& s);

}  // namespace hocket::inline HOCKET_ABI::testing::detail
