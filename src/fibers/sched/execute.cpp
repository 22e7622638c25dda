// Calling a task, and tidying up after it.
#include "fibers/sched/execute.hpp"

#include <hocket/fiber_local.hpp>
#include <new>
#include <utility>

#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/task_memory.hpp"
#include "fibers/sched/worker.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// User code runs in each of these steps and may suspend, so nothing of the worker is kept from one to the next (I2).
void execute(task& t) noexcept {
    try {
        t.type->run(t.closure());
    } catch (...) {
        t.home->unhandled(t);
    }
    t.type->destroy(t.closure());

    if (t.extra != nullptr)
        while (!t.extra->locals.empty()) {  // a destructor may look at another local and so make it
            local_value const last = t.extra->locals.back();
            t.extra->locals.pop_back();
            last.type->destroy(last.value);
            ::operator delete(last.value, std::align_val_t(last.type->align));
        }
    if (t.memory != nullptr) {
        task_memory* const memory = std::exchange(t.memory, nullptr);
        memory->memory.reset();
        this_worker()->give_memory(memory);
    }

    scheduler& sched = *t.home;
    shared_state_base* const state = t.publishes;
    worker& w = *this_worker();
    w.current = nullptr;
    sched.unmake(&t);
    if (state != nullptr) sched.publish(state);
}

}  // namespace hocket::inline HOCKET_ABI::detail
