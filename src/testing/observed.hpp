// What the harness hooks into a runtime: INFO that follows its fiber, and what becomes of an exception that leaves a
// task.
#pragma once

#include <hocket/testing.hpp>

#include <functional>
#include <string>

namespace hocket::inline HOCKET_ABI::testing::detail {

// `options` with both hooks. `require_failed` is called with a description of the task that a failed REQUIRE has ended.
runtime_options observed(runtime_options options, std::function<void(std::string const& task)> require_failed);

}  // namespace hocket::inline HOCKET_ABI::testing::detail
