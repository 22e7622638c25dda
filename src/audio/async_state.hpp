// One AsyncThread: what its owner, its module's group and its task share.
#pragma once

#include <atomic>
#include <cstdint>
#include <hocket/mutex.hpp>
#include <hocket/semaphore.hpp>
#include <hocket/this_fiber.hpp>
#include <memory>
#include <string>

#include "audio/action_mailbox.hpp"
#include "audio/async_word.hpp"

namespace hocket::inline HOCKET_ABI::audio::detail {

class async_group;

struct async_state {
    async_word word;
    action_mailbox mailbox;
    std::atomic<std::uint64_t> calls{0};     // its task alone writes these two
    std::atomic<std::uint64_t> failures{0};

    // The group it belongs to; set once, by attach() under `homing`, or in the constructor.
    std::shared_ptr<async_group> home;
    std::atomic<bool> has_home{false};  // release after home is set, acquire before it is read
    mutex homing;

    // Guarded by the group.
    std::string name;        // of module and thread
    bool has_task = false;
    bool ending = false;     // its task leaves as soon as it looks
    bool scheduled = false;  // its task has been woken and has not yet run or declined
    fiber_id task;           // of its task, while it runs the action

    counting_semaphore<> wake{0};  // one permit for each time its task is to look
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail
