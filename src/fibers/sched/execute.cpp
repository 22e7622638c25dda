// Calling a task, and tidying up after it.
#include "fibers/sched/execute.hpp"

#include <hocket/fiber_local.hpp>
#include <new>
#include <utility>

#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/task_memory.hpp"
#include "fibers/sched/worker.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// Fiber-locals, the last made first; a destructor may look at another and so make it.
static void end_locals(task& t) noexcept {
    task_extra* const extra = t.extra;
    if (extra == nullptr) return;
    while (!extra->locals.empty()) {
        local_value const last = extra->locals.back();
        extra->locals.pop_back();
        last.type->destroy(last.value);
        ::operator delete(last.value, std::align_val_t(last.type->align));
    }
}

// User code runs in each of these steps and may suspend, so nothing of the worker is kept from one to the next (I2).
void execute(task& t) noexcept {
    try {
        t.type->run(t.closure());
    } catch (...) {
        t.home->unhandled(t);
    }
    t.type->destroy(t.closure());

    end_locals(t);
    if (t.memory != nullptr) {
        task_memory* const memory = std::exchange(t.memory, nullptr);
        memory->memory.reset();
        this_worker()->give_memory(memory);
        end_locals(t);  // an arena destructor may have looked at one and so made it
    }

    scheduler& sched = *t.home;
    shared_state_base* const state = t.publishes;
    worker& w = *this_worker();
    w.current = nullptr;
    sched.unmake(&t);
    if (state != nullptr) sched.publish(state);
}

}  // namespace hocket::inline HOCKET_ABI::detail
