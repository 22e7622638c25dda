// Ends the program when its author has broken a rule that no error value could mend.
#pragma once

#include <hocket/detail/config.hpp>
#include <string>

namespace hocket::inline HOCKET_ABI::audio::detail {

// Writes the sentence to stderr and aborts. [any thread]
[[noreturn]] void misuse(std::string const& sentence) noexcept;

}  // namespace hocket::inline HOCKET_ABI::audio::detail
