// The scheduler: all of a runtime that its workers share.
//
// States: idle (tasks may be submitted, nobody runs them) -> running (start() or the first run()) -> closed
//   (shutdown: foreign submissions are refused, the runtime's own tasks still spawn) -> drained (no task is left) ->
//   finished (threads joined). Closed, it may be cancelling besides: see cancel.hpp.
// Counting: every record that is made counts as spawned at that moment, and as completed when all of it is over, by
//   the worker that does it or in a shared counter. Sum of completed read first, sum of spawned read after it: if
//   they are equal, there was a moment without a live task, and after closing none can be made any more.
// Visitors: a thread that is not of this runtime and hands it a task is counted while it does, because the task may
//   be over, and the runtime on its way down, before the visitor has looked whom to wake. stop() waits for visitors.
#pragma once

#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <hocket/runtime.hpp>
#include <memory>
#include <stop_token>
#include <string_view>
#include <vector>

#include "alloc/block_pool.hpp"
#include "alloc/slab_pool.hpp"
#include "alloc/stack_pool.hpp"
#include "fibers/sched/cancel.hpp"
#include "fibers/sched/injection.hpp"
#include "fibers/sched/monitor.hpp"
#include "fibers/sched/overflow.hpp"
#include "fibers/sched/parked_watch.hpp"
#include "fibers/sched/parking.hpp"
#include "fibers/sched/size_classes.hpp"
#include "fibers/sched/trimmer.hpp"
#include "fibers/sched/worker.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// Numbers for tasks, drawn in blocks so that a spawn needs no shared counter. Zero is no task.
inline constexpr std::uint64_t ids_at_once = 4096;
std::uint64_t draw_ids(std::uint64_t how_many) noexcept;

// The next one; `w` is the calling worker, or null. [any thread]
inline std::uint64_t draw_id(worker* w) noexcept {
    if (w == nullptr) return draw_ids(1);
    if (w->next_id == w->last_id) [[unlikely]] {
        w->next_id = draw_ids(ids_at_once);
        w->last_id = w->next_id + ids_at_once;
    }
    return w->next_id++;
}

class scheduler {
public:
    // `options` are complete: no zeros, no automatic. Throws std::bad_alloc.
    explicit scheduler(runtime_options options);
    scheduler(scheduler const&) = delete;
    scheduler& operator=(scheduler const&) = delete;
    ~scheduler();

    // See runtime. [any thread but its fibers]
    void start();
    void run_first(void (*entry)(void*), void* closure, void const* site);
    void shutdown();
    // Cancels: see cancel.hpp. False when something is left at the deadline. Throws std::system_error when a thread that is
    // needed for it cannot be had; it may be called again.
    bool cancel(std::int64_t deadline);
    // Whether it has begun to. [any thread]
    bool cancelling() const noexcept { return cancelling_.load(seq_cst) != 0; }

    // A record for a new task, counted as spawned. Throws no_runtime (closed), std::bad_alloc, std::invalid_argument.
    // [any thread]
    task* make(task_kind kind, launch const* how, task_type const& type);
    // Ends a record that was never submitted, or that has run. [any thread]
    void unmake(task* t) noexcept;
    // The same, where `w` is the calling worker, and of this scheduler. `bare`: it has nothing but its record. [worker]
    void unmake_here(worker& w, task* t, bool bare = false) noexcept {
        if (!bare && (t->place != closure_place::room || t->extra != nullptr)) [[unlikely]] tidy(&w, *t);
        t->own = nullptr;  // the stack that it stood on is its loop's
        t->state.store(task_state::free, relaxed);
        w.records.give(t);
        ++w.completed;
    }
    // A record with all but its closure, its ending and its state; null when there is no memory. `w` is the calling worker
    // if that is of this scheduler, else null. [any thread]
    task* record(worker* w, task_kind kind, task_type const& type) noexcept {
        auto* const t = static_cast<task*>(w != nullptr ? w->records.take() : records.take());
        if (t == nullptr) [[unlikely]] return nullptr;
        if (w != nullptr)
            ++w->spawned;
        else
            foreign_spawned_.fetch_add(1, seq_cst);
        set_up(*t, kind, type);
        t->ends = {};
        t->id = draw_id(w);
        return t;
    }
    // What a record has of its own when it begins, but for its ending and its id. [the spawner]
    void set_up(task& t, task_kind kind, task_type const& type) noexcept {
        t.face.inlined = nullptr;
        t.type = &type;
        t.home = this;
        t.kind = kind;
        t.shielded = false;
        t.pinned = any_worker;
    }
    // A fresh task to call a job with, and what it is told of the job. [worker]
    task* job_record(worker& w) noexcept;
    static void give_job(task& t, job& j, bool as_caller = false) noexcept;
    // Gives a task its extra. [its spawner, or itself]
    void give_extra(task& t, std::unique_ptr<task_extra> extra) noexcept;
    // What few tasks need: attributes (null for none), room for a large closure. Gives the record back when it throws.
    // `w` as for record(). [the spawner]
    void equip(worker* w, task& t, launch const* how);
    // Puts a fresh task where it will be run. [any thread]
    void submit(task* t) noexcept;
    // The same for a task that any worker may run, and that is nothing but fresh. [ordinary worker `w`]
    void push_fresh(worker& w, task* t) noexcept {
        if (!w.fresh.push(t)) [[unlikely]] injected.push(t);
        w.odd |= worker::has_fresh;
        wake_for_work(w);
    }

    // A suspended or fresh task may go on: puts it where it will, and wakes somebody for it. [any thread]
    void make_ready(task* t) noexcept {
        worker* const w = this_worker();
        if (w != nullptr && &w->sched == this && !w->blocking && t->pinned == any_worker &&
            t->kind == task_kind::ordinary && t->own != nullptr) [[likely]] {
            t->state.store(task_state::ready, relaxed);
            parked.let_go();
            w->push_ready(t);
            wake_for_work(*w);
        } else {
            make_ready_elsewhere(w, t);
        }
    }
    // The same for one that sleeps and is pinned to `owner`, by its letter, which may be gone then. [not owner]
    void post(worker& owner, letter& l) noexcept;
    // The same for a task that yields on w, without a wake.
    void requeue(worker& w, task* t) noexcept;

    // Whether there is something an ordinary worker other than `but` could take. A guess; certain after a heavy
    // fence. [worker]
    bool work_visible() const noexcept;
    // After a push of ordinary work. [any thread]
    void wake_for_work() noexcept {
        seam::light_fence();
        if (seats.sleepers() + deep_sleepers.load(relaxed) != 0) [[unlikely]] wake_somebody();
    }
    // The same, from an ordinary worker of this runtime: it looks at a word of its own only. [worker `w`]
    void wake_for_work(worker& w) noexcept {
        seam::light_fence();
        if (w.hungry.load(relaxed) != 0) [[unlikely]] feed(w);
    }
    void feed(worker& w) noexcept;
    // Whoever goes to sleep, and could steal, says so to all; then passes a heavy fence, and looks for work once more.
    void tell_hunger() noexcept;
    // Makes ready whom the timers wake that are due in this wheel. [any thread]
    void service(timer_wheel& wheel, std::int64_t now) noexcept;
    // A worker found that nothing is left while closed: somebody may be waiting for that. [worker]
    void check_drained() noexcept;
    // Tells whom it concerns that a task is over. [worker `w`]
    void tell(worker& w, ending ends) noexcept;
    // Arms a timer in the wheel of a worker that looks after it: which. [any thread]
    worker& arm(timer& t) noexcept;

    // The existing stack, of any size, whose guard, frames or record hold `address`, or null. Locks nothing. [any
    // thread]
    stack const* stack_at(void const* address) const noexcept {
        stack const* const s = stacks.of(address);
        return s != nullptr ? s : own_stacks.of(address);
    }

    // Calls f(stack_pool const&) with the one that has the stack at `address`, if any. [any thread]
    template <class F>
    void with_pool_of(void const* address, F&& f) const {
        if (stacks.of(address) != nullptr) return f(stacks);
        own_stacks.for_each([&](stack_pool const& pool) {
            if (pool.of(address) != nullptr) f(pool);
        });
    }

    worker& at(unsigned index) const noexcept { return *workers_[index]; }
    unsigned ordinary() const noexcept { return options.workers; }
    unsigned total() const noexcept { return static_cast<unsigned>(workers_.size()); }

    void log(log_level level, std::string_view line) const noexcept;
    void unhandled(task& t) noexcept;  // with an exception in flight

    std::uint64_t spawned() const noexcept;
    std::uint64_t completed() const noexcept;

    runtime_options const options;
    backend const contexts;
    fp_control const fp = fp_control::now();  // of all tasks that have none of their own
    parked_watch parked;
    trimmer trim;
    monitor watchman;
    stack_pool stacks;
    size_classes own_stacks;
    slab_pool records;
    slab_pool closures;      // of those that are too large for a record; heads of arenas
    block_pool blocks;
    injection injected;
    injection blocking_tasks;
    parking seats;           // of ordinary workers
    parking pool_seats;      // of blocking workers
    atomic<std::uint32_t> deep_sleepers{0};  // blocking workers that must be woken to help with ordinary work
    atomic<std::uint32_t> stacks_ran_out{0};
    std::stop_source stop;

    mutable lock extras;  // guards the life of every task's extra against dump()

    // False while worker 0 has no thread: then the others service its timers.
    atomic<bool> zero_present{false};

private:
    class visit;

    // Who is worker 0: nobody, a thread of ours (start()), or whoever called run() or shutdown().
    enum class zero_state : unsigned char { vacant, thread, caller };

    void make_ready_elsewhere(worker* w, task* t) noexcept;
    void wake_somebody() noexcept;
    void tidy(worker* w, task& t) noexcept;
    void publish(shared_state_base* state) noexcept;
    void start_threads(unsigned first);
    void foreign_over() noexcept;
    void place(worker* w, bool mine, task* t) noexcept;
    void notify(worker& owner) noexcept;  // of its mail
    void inject(task* t) noexcept;
    void vacate_zero() noexcept;
    void leave_zero() noexcept;
    void tell_zero_left() noexcept;
    void start_zero();
    void start_delayed_now(worker& w) noexcept;
    void end_waits() noexcept;
    void refuse_own_fiber(char const* function) const noexcept;
    void close() noexcept;
    void end_threads() noexcept;
    bool nothing_left() const noexcept;
    bool drained() const noexcept { return drained_.load(acquire) != 0; }  // pairs with the release in check_drained()
    void validate(launch const& how) const;

    overflow_watch const watch_;
    std::vector<std::unique_ptr<worker>> workers_;  // ordinary, then blocking
    lock guard_;                                    // the states below
    bool started_ = false;
    zero_state zero_ = zero_state::vacant;
    atomic<bool> closed_{false};
    atomic<std::uint32_t> cancelling_{0};
    atomic<std::uint32_t> drained_{0};
    atomic<std::uint32_t> finished_{0};   // 1: somebody joins the threads; 2: all is over
    atomic<std::uint32_t> zero_left_{0};  // times that a caller of run() has left worker 0
    atomic<std::uint32_t> visitors_{0};
    atomic<shared_state_base*> first_{nullptr};  // what run() waits for
    atomic<std::uint64_t> foreign_spawned_{0};
    atomic<std::uint64_t> foreign_completed_{0};
};

inline void worker::push_ready(task* t) noexcept {
    if (!ready.push(t)) [[unlikely]] sched.injected.push(t);
}

}  // namespace hocket::inline HOCKET_ABI::detail
