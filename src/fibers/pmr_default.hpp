// The opt-in default resource of std::pmr: inside a task its arena, outside what it was before.
#pragma once

#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::detail {

// Installs it with std::pmr::set_default_resource, once for the process. [any thread]
void install_pmr_default();

}  // namespace hocket::inline HOCKET_ABI::detail
