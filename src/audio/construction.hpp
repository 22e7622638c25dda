// Which module is being built, and by whom: how a module and its AsyncThreads know their id before any constructor body
// runs.
//
// Modules are built one at a time in a process. The builder is known by its fiber or thread, so that what other threads
// construct meanwhile is not taken for a part of the module.
// Rejected: a thread_local (the library has one, and it is the scheduler's; and a constructor may suspend and migrate).
#pragma once

#include <cstdint>
#include <hocket/detail/config.hpp>
#include <memory>

namespace hocket::inline HOCKET_ABI::audio::detail {

class async_group;

class construction {
public:
    // From here on what the caller constructs belongs to `group`. Waits while another thread builds; nests. [control]
    explicit construction(std::shared_ptr<async_group> group);
    construction(construction const&) = delete;
    construction& operator=(construction const&) = delete;
    ~construction();

    // The group that the caller is building; null when it builds none. [any thread but audio]
    static std::shared_ptr<async_group> current() noexcept;

private:
    std::shared_ptr<async_group> group_;
    construction* outer_;
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail
