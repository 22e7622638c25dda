// Names that are registered together, or not at all.
#pragma once

#include <hocket/audio/registry.hpp>
#include <hocket/detail/config.hpp>
#include <string>
#include <utility>
#include <vector>

namespace hocket::inline HOCKET_ABI::audio::detail {

// As register_module() for each; when one of them throws, none is registered. [control]
void register_together(std::vector<std::pair<std::string, module_factory>> const& modules);

}  // namespace hocket::inline HOCKET_ABI::audio::detail
