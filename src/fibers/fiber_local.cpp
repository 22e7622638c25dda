// Fiber-local values: on the heap, not in the task's arena, which its owner may rewind; listed in the task's record.
#include <hocket/fiber_local.hpp>

#include <hocket/launch.hpp>
#include <hocket/this_fiber.hpp>
#include <new>

#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/task.hpp"
#include "fibers/sched/worker.hpp"

namespace hocket::inline HOCKET_ABI::detail {

static atomic<std::size_t> next_key{0};

std::size_t new_local_key() noexcept { return next_key.fetch_add(1, relaxed); }

static void* find(task const* t, std::size_t key) noexcept {
    if (t == nullptr || t->extra == nullptr) return nullptr;
    task_extra const* const extra = t->extra;
    for (local_value const& v : extra->locals)
        if (v.key == key) return v.value;
    return nullptr;
}

// A job that is called inside its forker has locals of its own, once it has made one.
void* local_if(std::size_t key) noexcept {
    task const* t = identity_bearer(this_task());
    if (t != nullptr && t->face.inlined != nullptr) t = t->face.inlined->record;
    return find(t, key);
}

void* local(std::size_t key, local_type const& type) {
    if (void* const value = local_if(key)) return value;
    if (!this_fiber::in_runtime()) throw no_runtime("hocket: a fiber_local was used outside a task");
    auto free = [&type](void* place) { ::operator delete(place, std::align_val_t(type.align)); };
    void* const place = ::operator new(type.size, std::align_val_t(type.align));
    try {
        type.construct(place);  // the user's: it may suspend; the task stays the same, its worker need not
    } catch (...) {
        free(place);
        throw;
    }
    try {
        task& t = *this_identity();
        if (t.extra == nullptr) t.home->give_extra(t, std::make_unique<task_extra>());
        static_cast<task_extra*>(t.extra)->locals.push_back({key, place, &type});
    } catch (...) {
        type.destroy(place);
        free(place);
        throw;
    }
    return place;
}

}  // namespace hocket::inline HOCKET_ABI::detail
