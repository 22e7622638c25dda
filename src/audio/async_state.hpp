// One AsyncThread: what its owner, its module's group and its fiber share.
#pragma once

#include <atomic>
#include <cstdint>
#include <hocket/mutex.hpp>
#include <memory>
#include <string>

#include "audio/action_mailbox.hpp"
#include "audio/async_clock.hpp"
#include "audio/async_word.hpp"

namespace hocket::inline HOCKET_ABI::audio::detail {

class async_group;
struct async_fiber;

struct async_state {
    async_word word;
    action_mailbox mailbox;
    async_clock clock;
    std::atomic<std::uint64_t> calls{0};     // its fiber alone writes these two
    std::atomic<std::uint64_t> failures{0};

    // The group it belongs to; set once, by attach() under `homing`, or in the constructor.
    std::shared_ptr<async_group> home;
    std::atomic<bool> has_home{false};  // release after home is set, acquire before it is read
    mutex homing;

    // Guarded by the group.
    std::string name;                    // of module and thread; does not change once there is a fiber
    std::shared_ptr<async_fiber> fiber;  // null until it is first asked for, and when it has been let go
    bool ending = false;                 // no action of it begins any more
    unsigned awaited = 0;                // so many wait for its action to end: it does not sleep in audio time
    bool due = false;                    // a tick has found it asked for, and it has not been sent to its fiber since
    bool rested = true;                  // a tick has found it not asked for
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail
