// A worker: an OS thread's place in a runtime, with all that the thread alone touches on its way from task to task.
//
// The thread never runs a task on the stack it was born with. That frame is *home*, a context that is in no queue:
// enter() leaves it for a pooled stack, the carrier, where the loop runs and calls tasks; leave() comes back to it.
//
// A task is called on the carrier: no switch. If it suspends, the carrier becomes the fiber's own stack, and the
// worker goes on at another: that of a ready fiber, or a spare one, on which a loop stands parked (or begins). When a
// fiber is resumed by the loop, the carrier of that loop is the next spare. When a fiber has ended, it returns into
// the loop below it: no switch.
//
// Invariants
//  I1  While a task runs, its worker holds a spare stack: nothing can be allocated at a suspension.
//  I2  Nothing derived from this_worker() is kept over a call into a task or over a switch: the fiber may come back
//  elsewhere. I3  Every landing - return from jump(), head of a fresh loop - calls landed() before anything else. I4
//  A fiber becomes visible to its wakers only in landed(), when its context has been stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/atomic.hpp>

#include "alloc/block_pool.hpp"
#include "alloc/slab_pool.hpp"
#include "alloc/stack_pool.hpp"
#include "fibers/context/context.hpp"
#include "fibers/sched/deque.hpp"
#include "fibers/sched/mailbox.hpp"
#include "fibers/sched/parking.hpp"
#include "fibers/sched/ready_ring.hpp"
#include "fibers/sched/task.hpp"
#include "fibers/sched/timer_wheel.hpp"
#include "seam/choice.hpp"
#include "seam/current.hpp"
#include "seam/thread.hpp"

namespace hocket::inline HOCKET_ABI::detail {

class scheduler;
struct worker;

// What a landing does for the side that was left.
struct landing {
    void** store = nullptr;                           // where the context just left is kept
    void (*then)(worker& w, void* what) = nullptr;    // run on the new stack: publishes the fiber, keeps the stack ...
    void* what = nullptr;
};

// A number only its owner writes and others may read.
class counter {
public:
    void operator++() noexcept { value_.store(value_.load(relaxed) + 1, relaxed); }
    void operator+=(std::uint64_t n) noexcept { value_.store(value_.load(relaxed) + n, relaxed); }
    std::uint64_t read() const noexcept { return value_.load(relaxed); }

private:
    atomic<std::uint64_t> value_{0};
};

struct alignas(64) worker {
    worker(scheduler& s, unsigned index, bool blocking, std::uint64_t seed);
    worker(worker const&) = delete;
    worker& operator=(worker const&) = delete;
    ~worker();

    // Runs tasks on the calling thread until leaving is set. [the worker's thread, not in a fiber]
    void enter() noexcept;

    // One turn of the loop: finds something to do and does it. [carrier]
    void turn() noexcept;

    // A stack with a parked or fresh loop for I1; false when none can be had. [worker]
    bool hold_spare() noexcept;
    stack* take_spare() noexcept;

    // Gives a ready fiber (or a fresh task) of this scheduler to this worker's own queues. [this worker]
    void push_ready(task* t) noexcept {
        if (!ready.push(t)) [[unlikely]]
            overflow(t);
    }
    // The next ready one without a look elsewhere; null when the loop should have a look around. [this worker]
    task* quick_next() noexcept {
        if (++tick >= period || prefer_fresh || blocking || !pinned.empty() || !mail.empty() || leaving.load(relaxed))
            return nullptr;
        return ready.pop();
    }

    task_memory* take_memory();
    void give_memory(task_memory* m) noexcept;

    scheduler& sched;
    unsigned const index;
    bool const blocking;

    // Who runs, and where.
    task* current = nullptr;      // null in the loop
    stack* here = nullptr;        // the stack stood on; null at home
    atomic<stack*> spare{nullptr};  // I1; written by the owner, looked at by stats()
    landing landing_order;
    exception_globals* exceptions = nullptr;  // of the thread; null at home
    task* hand = nullptr;         // to be run by the loop before it looks anywhere
    bool prefer_fresh = false;    // somebody yielded: fresh tasks first, once

    // Work.
    deque<task> fresh;
    ready_ring<task> ready;
    task_list pinned;             // ready ones that only this worker may run
    mailbox<task> mail;           // the same, put in by others
    timer_wheel timers;
    std::uint32_t tick = 0;       // dispatches since the last look around
    std::uint32_t period = 61;    // dispatches from one look around to the next
    std::int64_t last_look = 0;   // time of the last one

    // Sleep.
    parking::seat seat;
    atomic<bool> leaving{false};  // go home at the next turn
    int looks_left = 0;           // blocking worker: looks for waiting ordinary work before deep sleep
    bool saw_waiting = false;     // at the last look there was some
    bool helping = false;         // what ran last was ordinary work
    std::int64_t help_began = 0;

    // Memory.
    stack_cache stacks;
    slab_cache records;
    block_cache blocks;
    task_memory* idle_memory = nullptr;
    unsigned idle_memory_count = 0;
    atomic<std::size_t> idle_memory_bytes{0};

    seam::choice choose;
    std::uint64_t next_id = 0;    // ids are drawn in blocks
    std::uint64_t last_id = 0;

    counter spawned, completed, suspensions, steals, sleeps, wakes, unhandled;

    context home;
    stack_view home_view;
    seam::thread thread;

private:
    task* next() noexcept;
    task* look_around() noexcept;
    task* steal() noexcept;
    task* search() noexcept;
    void service_timers(timer_wheel& wheel, std::int64_t now) noexcept;
    void drain_mail() noexcept;
    void overflow(task* t) noexcept;
    void idle() noexcept;
    void rest() noexcept;
    void starve() noexcept;
    void found() noexcept;
    parking& seats() noexcept;
};

// The worker whose thread this is; null on any other thread. [any thread]
inline worker* this_worker() noexcept { return static_cast<worker*>(seam::current()); }

// The task that runs here; null outside. [any thread]
inline task* this_task() noexcept {
    worker* const w = this_worker();
    return w != nullptr ? w->current : nullptr;
}

}  // namespace hocket::inline HOCKET_ABI::detail
