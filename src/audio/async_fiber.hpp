// The fiber on which the actions of one AsyncThread are called, as long as its runner stays on one worker.
//
// An action that executes holds a permit of its pool. The runtime's observer tells when it is suspended and when it goes on:
//   then the permit is given up, and taken again. A fiber is found by a fiber-local. A job that an action has forked may see
//   that too, when it stands for the action, which is suspended meanwhile, or on another worker: so both are looked at, and
//   what an action forks is not counted.
#pragma once

#include <cstdint>
#include <hocket/detail/config.hpp>
#include <hocket/fiber_local.hpp>
#include <hocket/semaphore.hpp>

namespace hocket::inline HOCKET_ABI::audio::detail {

class async_group;
class runners;
struct async_state;

struct async_fiber {
    async_fiber(async_group& g, async_state& s, runners& p, unsigned w) noexcept : group(g), state(s), pool(p), worker(w) {}

    async_group& group;
    async_state& state;
    runners& pool;
    unsigned const worker;          // where it is pinned
    bool executing = false;         // inside the action, and not suspended; its worker's thread's
    bool has_budget = false;        // in this pass: begun in wall-clock time
    bool let_go = false;            // it ends as soon as it looks; guarded by the group,
    bool borrowed = false;          // as is this: its worker is no runner's place, and kept for it until its pass has ended
    counting_semaphore<> wake{0};   // one permit for each time it is to look
    counting_semaphore<> later{0};  // one permit when its sleep in audio time is over
};

// The one that runs here; null in all other fibers.
inline fiber_local<async_fiber*>& current_async_fiber() {
    static auto& variable = *new fiber_local<async_fiber*>;  // fibers may outlive any static
    return variable;
}

}  // namespace hocket::inline HOCKET_ABI::audio::detail
