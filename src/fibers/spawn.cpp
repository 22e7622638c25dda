// From a closure to a task.
#include <hocket/detail/spawn.hpp>

#include <hocket/fiber.hpp>
#include <utility>

#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/worker.hpp"

namespace hocket::inline HOCKET_ABI::detail {

static scheduler& runtime_of_caller(scheduler* given) {
    if (given != nullptr) return *given;
    task const* const t = this_task();
    if (t == nullptr)
        throw no_runtime("hocket: go() was called outside a runtime; call it from a task, or use runtime::go()");
    return *t->home;
}

new_task::new_task(scheduler* core, task_kind kind, launch const* how, task_type const& type)
    : core_(&runtime_of_caller(core)),
      task_(core_->make(kind, how, type)),
      storage_(task_->closure()),
      id_(task_->id) {}

new_task::~new_task() {
    if (task_ == nullptr) return;
    if (state_ != nullptr) state_->drop();
    core_->unmake(task_);
}

std::stop_token new_task::follow_runtime(fiber_state& state) {
    state.follow(core_->stop.get_token());
    return state.stop_token();
}

void new_task::submit() noexcept {
    task_->spawn_site = __builtin_return_address(0);
    task_->publishes = std::exchange(state_, nullptr);
    core_->submit(std::exchange(task_, nullptr));
}

}  // namespace hocket::inline HOCKET_ABI::detail
