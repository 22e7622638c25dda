// Tidying up after a task.
#include "fibers/sched/execute.hpp"

#include <hocket/cancelled.hpp>
#include <hocket/fiber_local.hpp>
#include <hocket/scope.hpp>
#include <new>
#include <utility>

#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/task_memory.hpp"
#include "fibers/sched/worker.hpp"

namespace hocket::inline HOCKET_ABI::detail {

static void end_locals(task& t) noexcept {
    if (task_extra* const extra = t.extra; extra != nullptr) extra->locals.end();
}

static void end_memory(task& t) noexcept {
    task_memory* const memory = std::exchange(t.memory, nullptr);
    memory->memory.reset();
    this_worker()->give_memory(memory);
    end_locals(t);  // an arena destructor may have looked at one and so made it
}

void end_belongings(task& t) noexcept {
    t.shielded = true;
    if (t.extra != nullptr) [[unlikely]] end_locals(t);
    if (t.memory != nullptr) [[unlikely]] end_memory(t);
}

void task_failed(task& t) noexcept {
    if (scope_core* const scope = t.ends.scope())
        scope->failed(std::current_exception());
    else
        t.home->unhandled(t);
}

void task_dropped(task& t) noexcept {
    if (scope_core* const scope = t.ends.scope())
        scope->failed(std::make_exception_ptr(cancelled()));
    else if (shared_state_base* const state = t.ends.state())
        state->failure = std::make_exception_ptr(cancelled());
}

void drop(task& t) noexcept { execute<false>(t); }

}  // namespace hocket::inline HOCKET_ABI::detail
