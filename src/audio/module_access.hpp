// Lets the engine and AsyncThreads see a module's group.
#pragma once

#include <hocket/audio/module.hpp>
#include <memory>

namespace hocket::inline HOCKET_ABI::audio::detail {

struct module_access {
    static std::shared_ptr<async_group> const& group(module const& m) noexcept { return m.group_; }
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail
