// Fiber-local values: on the heap, not in the task's arena, which its owner may rewind; listed in the task's record.
#include <hocket/fiber_local.hpp>

#include <hocket/launch.hpp>
#include <hocket/this_fiber.hpp>
#include <vector>

#include "fibers/sched/local_values.hpp"
#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/task.hpp"
#include "fibers/sched/worker.hpp"

namespace hocket::inline HOCKET_ABI::detail {

namespace {

// The keys that are not in use. Room for all that were ever made is kept, so that giving one back needs none.
struct key_store {
    lock guard;
    std::vector<std::size_t> unused;
    std::size_t made = 0;
};
key_store& keys() {
    static key_store* const all = new key_store;  // variables in static storage may outlive any object here
    return *all;
}

}  // namespace

std::size_t new_local_key() {
    key_store& k = keys();
    hold const held(k.guard);
    if (k.unused.empty()) {
        k.unused.reserve(k.made + 1);
        return k.made++;
    }
    std::size_t const key = k.unused.back();
    k.unused.pop_back();
    return key;
}

void drop_local_key(std::size_t key) noexcept {
    key_store& k = keys();
    hold const held(k.guard);
    k.unused.push_back(key);
}

void* local_if(std::size_t key) noexcept {
    local_values const* const values = local_values_here();
    return values != nullptr ? values->find(key) : nullptr;
}

void* local(std::size_t key, local_type const& type) {
    if (void* const value = local_if(key)) return value;
    task* const t = this_identity();
    if (t == nullptr) throw no_runtime("hocket: a fiber_local was used outside a task");
    // Whoever spawns looks at the task that runs, of which a job called inside it is a part; and so does its forker, when it
    // stands for that one.
    if (type.copy != nullptr) extra_of(*this_task()).passes_on = extra_of(*identity_bearer(this_task())).passes_on = true;
    return extra_of(*t).locals.add(key, type, [&type](void* place) { type.construct(place); });
}

}  // namespace hocket::inline HOCKET_ABI::detail
