// What a task asks of itself.
#include <hocket/fiber.hpp>
#include <hocket/go.hpp>
#include <hocket/this_fiber.hpp>

#include <exception>

#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/switch.hpp"
#include "fibers/sched/task_memory.hpp"
#include "fibers/sched/worker.hpp"
#include "fibers/sync/waiter.hpp"
#include "seam/clock.hpp"
#include "seam/pause.hpp"

namespace hocket::inline HOCKET_ABI {

namespace detail {

std::int64_t now_ns() noexcept { return seam::now(); }

void sleep_until_ns(std::int64_t deadline) noexcept {
    // A wait with no source but its deadline.
    waiter me(wait_reason::sleep);
    me.wait(deadline);
}

bool should_offload() noexcept {
    task const* const t = this_task();
    return t != nullptr && t->kind == task_kind::ordinary;
}

}  // namespace detail

namespace this_fiber {

using namespace detail;

void yield() noexcept {
    if (this_task() != nullptr)
        yield_task();
    else
        seam::yield_thread();
}

fiber_id get_id() noexcept {
    task const* const t = this_task();
    return t != nullptr ? fiber_id(t->id) : fiber_id();
}

std::string_view name() noexcept {
    task const* const t = this_task();
    return t != nullptr ? t->name() : std::string_view();
}

bool in_runtime() noexcept { return this_task() != nullptr; }

int worker() noexcept {
    detail::worker const* const w = this_worker();
    return w != nullptr && w->current != nullptr ? static_cast<int>(w->index) : -1;
}

hocket::arena& arena() {
    detail::worker* const w = this_worker();
    if (w == nullptr || w->current == nullptr)
        throw no_runtime("hocket: this_fiber::arena() was called outside a task");
    task& t = *w->current;
    if (t.memory == nullptr) t.memory = w->take_memory();
    return t.memory->memory;
}

std::stop_token get_stop_token() {
    task const* const t = this_task();
    if (t == nullptr) return {};
    if (t->publishes != nullptr)
        if (std::stop_token own = t->publishes->stop_token(); own.stop_possible()) {
            static_cast<fiber_state*>(t->publishes)->follow(t->home->stop.get_token());
            return own;
        }
    return t->home->stop.get_token();
}

}  // namespace this_fiber
}  // namespace hocket::inline HOCKET_ABI
