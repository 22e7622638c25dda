// What a task asks of itself.
#include <hocket/fiber.hpp>
#include <hocket/go.hpp>
#include <hocket/scope.hpp>
#include <hocket/this_fiber.hpp>

#include <exception>

#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/task_memory.hpp"
#include "fibers/sched/worker.hpp"
#include "fibers/sched/yield.hpp"
#include "fibers/sync/waiter.hpp"
#include "seam/clock.hpp"
#include "seam/pause.hpp"

namespace hocket::inline HOCKET_ABI {

namespace detail {

std::int64_t now_ns() noexcept { return seam::now(); }

bool sleep_within(wait_limit const& limit) {
    // A wait with no source but its limit.
    waiter me(wait_reason::sleep);
    std::uint32_t const key = me.wait(limit);
    if (key == waiter::cancelled) throw_cancelled();
    return key == waiter::timed_out;
}

void sleep_during(std::int64_t ns) {
    worker const* const w = this_worker();
    if (w != nullptr && w->current() != nullptr && w->sched.options.sleep != nullptr) [[unlikely]] {
        if (w->sched.options.sleep(std::chrono::nanoseconds(ns))) return;
    }
    sleep_within(seam::now() + ns);
}

bool should_offload() noexcept {
    task const* const t = this_task();
    return t != nullptr && t->kind == task_kind::ordinary;
}

}  // namespace detail

namespace this_fiber {

using namespace detail;

void yield() noexcept {
    detail::worker* const w = this_worker();
    if (task* const t = w != nullptr ? w->current() : nullptr; t != nullptr) [[likely]]
        yield_task(w, t);
    else
        seam::yield_thread();
}

void yield_point() noexcept {
    detail::worker* const w = this_worker();
    if (w != nullptr && --w->points_left < 0) [[unlikely]] w->pass_point();
}

fiber_id get_id() noexcept { return fiber_id(identity_number()); }

std::string_view name() noexcept {
    task const* const t = this_task();
    return t != nullptr ? forker_of(*t).name() : std::string_view();
}

bool in_runtime() noexcept { return this_task() != nullptr; }

int worker() noexcept {
    detail::worker const* const w = this_worker();
    return w != nullptr && w->current() != nullptr ? static_cast<int>(w->index) : -1;
}

hocket::arena& arena() {
    detail::worker* const w = this_worker();
    task* t = w != nullptr ? w->current() : nullptr;
    bool const itself = t != nullptr && t->face.inlined == nullptr && t->ends.as_caller() == nullptr;
    if (!itself) [[unlikely]] t = this_identity();
    if (t == nullptr) throw no_runtime("hocket: this_fiber::arena() was called outside a task");
    if (t->memory == nullptr) t->memory = w->take_memory();
    return t->memory->memory;
}

std::stop_token get_stop_token() {
    task const* const self = this_task();
    if (self == nullptr) return {};
    task const& t = forker_of(*self);
    if (scope_core* const scope = t.ends.scope()) return scope->get_token();
    if (shared_state_base* const state = t.ends.state())
        if (std::stop_token own = state->stop_token(); own.stop_possible()) {
            static_cast<fiber_state*>(state)->follow(t.home->stop.get_token());
            return own;
        }
    return t.home->stop.get_token();
}

}  // namespace this_fiber
}  // namespace hocket::inline HOCKET_ABI
