// How the program ends when a rule is broken: with a sentence that names the rule and the fiber.
#pragma once

#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::detail {

// The caller broke a rule of the interface. Prints "hocket: <sentence> (in fiber 7 'loader')" and aborts. [any thread]
[[noreturn, gnu::format(printf, 1, 2)]] void misuse(char const* format, ...) noexcept;

// hocket broke one of its own. [any thread]
[[noreturn, gnu::format(printf, 1, 2)]] void internal_error(char const* format, ...) noexcept;

}  // namespace hocket::inline HOCKET_ABI::detail
