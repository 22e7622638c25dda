// A last word when the process crashes: which test case was running.
#pragma once

#include <hocket/testing.hpp>

#include <string_view>

namespace hocket::inline HOCKET_ABI::testing::detail {

// Installs handlers for SIGABRT, SIGBUS, SIGFPE, SIGILL and SIGSEGV where nobody else has one; they print a line and
// let the signal do what it did before. They use the thread's signal stack if it has one. A runtime puts its own before
// ours for SIGSEGV, and passes on what is no stack overflow; having reported one it aborts, and ours names the case.
// [main]
void install_crash_handlers();

// What the line names from now on. Cut to what fits. [runner]
void note_for_crash(std::string_view what) noexcept;

}  // namespace hocket::inline HOCKET_ABI::testing::detail
