// The harness's ears in doctest: it learns of every run, case and assertion before the reporters do.
#pragma once

#include <hocket/testing.hpp>

namespace hocket::inline HOCKET_ABI::testing::detail {

// Registers it with doctest; does nothing the second time. [main]
void install_listener();

// Whether the last doctest run was one of tests (no --help or --count) and ran none. [main]
bool nothing_was_run() noexcept;

}  // namespace hocket::inline HOCKET_ABI::testing::detail
