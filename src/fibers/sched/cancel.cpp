// Cancelling: see the head of cancel.hpp.
#include "fibers/sched/cancel.hpp"

#include "fibers/sched/misuse.hpp"
#include "fibers/sched/scheduler.hpp"

namespace hocket::inline HOCKET_ABI::detail {

atomic<std::uint32_t> cancellations{0};

bool droppable(task const& t) noexcept {
    if (t.ends.forked() != nullptr) return false;
    return t.kind == task_kind::ordinary || t.ends.state() == nullptr;
}

bool scheduler::cancel(std::int64_t deadline) {
    refuse_own_fiber("shutdown");
    stop.request_stop();
    {
        hold held(guard_);
        close();
        if (!cancelling()) {
            // In this order: who sees that its runtime cancels has its wakers ask, too.
            cancellations.fetch_add(1, seq_cst);
            cancelling_.store(1, seq_cst);
        }
        for (auto& w : workers_) w->call();
        if (!drained() && !nothing_left()) {
            if (!started_)
                start_threads(0);
            else if (zero_ == zero_state::vacant)
                start_zero();
            started_ = true;
            if (zero_ == zero_state::vacant) {
                zero_ = zero_state::thread;
                zero_present.store(true, relaxed);
            }
        }
    }
    for (auto& w : workers_) start_delayed_now(*w);
    end_waits();
    check_drained();
    seats.wake_all();
    pool_seats.wake_all();
    while (!drained())
        if (!seam::futex_wait(drained_, 0, deadline) && !drained()) return false;
    end_threads();
    return true;
}

void scheduler::end_waits() noexcept {
    parked.begin();
    records.for_each([this](void* record) {
        auto& t = *static_cast<task*>(record);
        if (!asleep(t.state.load(relaxed))) return;
        bool ended = false;
        {
            hold const held(parked.guard);
            // acquire: pairs with the release in fall_asleep()
            ended = asleep(t.state.load(acquire)) && end_wait(t);
        }
        if (ended) make_ready(&t);
    });
    parked.end();
}

}  // namespace hocket::inline HOCKET_ABI::detail
