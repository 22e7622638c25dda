// For tests: what is called on an AsyncThread's fiber before each of its actions, to delay it. Null outside of tests.
#pragma once

#include <atomic>
#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::audio::detail {

HOCKET_API extern std::atomic<void (*)()> before_action;

}  // namespace hocket::inline HOCKET_ABI::audio::detail
