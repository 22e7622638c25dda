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
#include <hocket/detail/deque.hpp>
#include <hocket/detail/fork.hpp>
#include <utility>

#include "alloc/block_pool.hpp"
#include "alloc/slab_pool.hpp"
#include "alloc/stack_pool.hpp"
#include "fibers/context/context.hpp"
#include "fibers/sched/mailbox.hpp"
#include "fibers/sched/overflow.hpp"
#include "fibers/sched/parking.hpp"
#include "fibers/sched/ready_ring.hpp"
#include "fibers/sched/task.hpp"
#include "fibers/sched/timer_wheel.hpp"
#include "seam/choice.hpp"
#include "seam/current.hpp"
#include "seam/thread.hpp"

namespace hocket::inline HOCKET_ABI::detail {

class scheduler;
class scope_core;
struct worker;

// What somebody else leaves in a worker's mail when he has ended the wait of a fiber that is pinned there. The fiber's
// record he does not touch: the worker changed it last and changes it next, and so it need not go from core to core.
struct letter {
    letter* link;       // in the mail
    task* const about;
};

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

struct alignas(64) worker : worker_face {
    worker(scheduler& s, unsigned index, bool blocking, std::uint64_t seed);
    worker(worker const&) = delete;
    worker& operator=(worker const&) = delete;
    ~worker();

    // Runs tasks on the calling thread until leaving is set. [the worker's thread, not in a fiber]
    void enter() noexcept;

    // What comes next when it is not at hand; null when that has been seen to, or there is nothing. [carrier]
    task* next_by_search() noexcept;

    // A stack can be had for no fresh task: it goes back to where everybody finds it. [carrier]
    void put_back(task* t) noexcept;

    // A stack with a parked or fresh loop for I1; false when none can be had. [worker]
    bool hold_spare() noexcept { return spare.load(relaxed) != nullptr || take_a_spare(); }
    stack* take_spare() noexcept;

    // Gives a ready fiber of this scheduler to this worker's own ring. [this worker]
    void push_ready(task* t) noexcept;
    // The same for what only this worker may run. [this worker]
    void push_pinned(task* t) noexcept {
        pinned.push(t);
        has_pinned.store(true, relaxed);
        called.store(1, relaxed);
    }
    // Says whether there is any of that. [this worker]
    void note_pinned() noexcept {
        if (has_pinned.load(relaxed) != !pinned.empty()) has_pinned.store(!pinned.empty(), relaxed);
    }

    // Whether the loop has to be asked what comes next: it is time to look around, or somebody else's business waits,
    // or a fresh task. Counts the dispatch that is about to be made. [this worker]
    bool loop_needed() noexcept { return !nothing_else() || !fresh.empty(); }
    // The contrary, fresh tasks left aside. Counts in the same way. [this worker]
    bool nothing_else() noexcept { return --dispatches_left >= 0 && called.load(relaxed) == 0; }
    // The same for a yield, which is counted apart.
    bool may_yield() noexcept { return --yields_left >= 0 && called.load(relaxed) == 0; }

    // Counts as suspensions the yields since the last time. [this worker]
    void count_yields() noexcept {
        std::int32_t const before = std::exchange(yields_counted, yields_left);
        suspensions += static_cast<std::uint64_t>(before - yields_left);
    }

    // Sets the flag anew that says whether there are fresh tasks: whether there are. [this worker]
    bool note_fresh() noexcept {
        bool const any = !fresh.empty();
        odd = static_cast<unsigned char>(any ? odd | has_fresh : odd & ~has_fresh);
        return any;
    }

    // A guess for all but the worker itself, for which true is certain to have been true. [any thread]
    bool no_mail() const noexcept { return mail.empty() && letters.empty(); }

    // Makes the worker look at its mail, and whether it is to leave, before it goes on with anything. After what it is to
    // see has been stored. [any thread]
    void call() noexcept { called.store(1, release); }
    void leave(bool yes) noexcept {
        leaving.store(yes, seq_cst);
        call();
    }

    // Whether the running task may have something that must not stay behind when it is suspended. [this worker]
    bool unsettled() const noexcept { return !jobs.empty() || (odd & (has_tally | has_own_fp)) != 0; }
    // Sees to that: its jobs become tasks, the scope learns how many of its tasks have ended. [this worker]
    void settle() noexcept;
    // Tells the scope of the tasks that ended here last. [this worker]
    void settle_tally() noexcept;

    // What comes next, unless the loop has to look for it. [this worker]
    task* at_hand() noexcept {
        if (hand != nullptr) return std::exchange(hand, nullptr);
        if (!nothing_else()) return nullptr;
        if (!prefer_fresh)
            if (task* const t = ready.pop(mine); t != nullptr) return t;
        prefer_fresh = false;
        task* const t = fresh.take(mine);
        if (t == nullptr) odd &= static_cast<unsigned char>(~has_fresh);
        return t;
    }

    // After some yield points: yields when it is time to look around. [this worker]
    void pass_point() noexcept;

    // Whether a fresh task of its own costs no call: a record, an id and a place are at hand. [this worker]
    bool ready_to_spawn() const noexcept {
        return !blocking && !records.empty() && next_id != last_id && fresh.has_room();
    }

    // The task that runs; null in the loop.
    task* current() const noexcept { return reinterpret_cast<task*>(running.load(relaxed)); }
    // The stack that it stands on; null at home. [this worker]
    stack* stood_on() const noexcept {
        task const* const t = current();
        stack* const own = t != nullptr ? static_cast<stack*>(t->own) : nullptr;
        return own != nullptr ? own : carrier;
    }
    void set_current(task* t) noexcept { running.store(reinterpret_cast<task_face*>(t), relaxed); }

    // Gives what this worker keeps for its next tasks to the pools. [this worker]
    void flush() noexcept;

    // Whether somebody waits for this worker, which is idle and tidies up. [this worker]
    bool has_better_to_do() const noexcept;

    task_memory* take_memory();
    void give_memory(task_memory* m) noexcept;
    void end_memory(task_memory* m) noexcept;

    // What a switch touches, beside worker_face.
    landing landing_order;
    task_list pinned;              // ready fibers that only this worker may run
    atomic<bool> has_pinned{false};  // for the monitor: when a task begins, whether there are any
    // Until the next look around: dispatches, and yields from one fiber to another without the loop.
    std::int32_t dispatches_left = 0;
    std::int32_t yields_left = 0;
    std::int32_t yields_counted = 0;  // what yields_left was when they were last counted as suspensions
    // Why a yield is not the usual one: there may be fresh tasks, and a tally, more often than it is true; the running task
    // has an FP control state of its own; the contexts here, one like the other, are not the best backend's but Boost's.
    static constexpr unsigned char has_fresh = 1, has_tally = 2, has_own_fp = 4, by_boost = 8;
    unsigned char odd = 0;
    bool special = false;          // always ask the loop: a blocking worker, or one whose switches are observed
    bool prefer_fresh = false;     // somebody yielded: fresh tasks first, once
    counter suspensions;
    task* hand = nullptr;          // to be run by the loop before it looks anywhere
    atomic<stack*> spare{nullptr}; // I1; written by the owner, looked at by stats()

    scheduler& sched;
    unsigned const index;
    bool const blocking;

    // Work.
    ready_ring<task> ready;
    deque<task> fresh;
    // What others touch to make this worker do something: one line, and no other of its own.
    alignas(64) mailbox<task> mail;   // what is pinned here, put in by others
    mailbox<letter> letters;
    atomic<std::uint32_t> called{1};  // not zero: mail, leaving, pinned, cancelling or special want the loop
    atomic<bool> leaving{false};      // go home at the next turn
    parking::seat seat;               // whether it sleeps

    alignas(64) timer_wheel timers;
    std::uint32_t period = 61;    // dispatches from one look around to the next
    std::int64_t last_look = 0;   // time of the last one
    std::int32_t points_left = 0; // yield points until the next look at the clock
    // Tasks of one scope that have ended here one after the other, and of which the scope has not been told: it is told
    // before anything else runs here, or what runs is suspended, so a join never waits for it.
    struct {
        ending whom;  // a scope, or nobody
        std::int64_t ended = 0;
    } tally;

    // Sleep.
    int looks_left = 0;           // blocking worker: looks for waiting ordinary work before deep sleep
    std::int64_t idle_since = 0;  // 0: not idle
    bool tidied = false;          // since then
    bool unasked = false;         // its last sleep ended by itself, and it has found nothing since
    bool saw_waiting = false;     // at the last look there was some
    bool helping = false;         // what ran last was ordinary work
    std::int64_t help_began = 0;
    std::int64_t help_pause = 0;  // the last pause between two looks, in ns; 0 at the beginning, and after help that was worth it
    std::int64_t stole_at = 0;    // when the last theft was; 0 when it has been judged
    std::int64_t rest_for = 0;    // the last rest, in ns; 0 after a theft that was worth it
    std::int64_t rest_until = 0;  // no theft before

    // Memory.
    stack_cache stacks;
    slab_cache records;
    slab_cache closures;
    block_cache blocks;
    task_memory* idle_memory = nullptr;
    unsigned idle_memory_count = 0;
    atomic<std::size_t> idle_memory_bytes{0};

    seam::choice choose;
    std::uint64_t next_id = 0;    // ids are drawn in blocks
    std::uint64_t last_id = 0;

    counter spawned, completed, steals, sleeps, wakes, unhandled;

    context home;
    stack_view home_view;
    fp_control home_fp;
    worker_signal_stack signals;
    seam::thread thread;

private:
    task* next() noexcept;
    task* take_injected() noexcept;
    task* look_around() noexcept;
    task* rob(worker& victim) noexcept;
    task* steal() noexcept;
    task* search(std::int64_t now) noexcept;
    void judge_theft(std::int64_t now) noexcept;
    bool take_a_spare() noexcept;
    void answer() noexcept;
    void drain_mail() noexcept;
    task* idle() noexcept;
    task* rest() noexcept;
    std::int64_t tidy(std::int64_t now) noexcept;
    void starve() noexcept;
    void found() noexcept;
    parking& seats() noexcept;
};

// The worker whose thread this is; null on any other thread. [any thread]
inline worker* this_worker() noexcept { return static_cast<worker*>(seam::current()); }

// The task that runs here; null outside. [any thread]
inline task* this_task() noexcept {
    worker* const w = this_worker();
    return w != nullptr ? w->current() : nullptr;
}

// The task, from t outwards, whose own identity or whose inlined job's it is: t itself, unless it is a job that stands for
// its forker, who waits. Null for null. [t runs here]
task* identity_bearer(task* t) noexcept;

// Whose name and stop token they are that t has: of a job, those of who forked it, who waits for it and so is there.
// [t runs here]
task const& forker_of(task const& t) noexcept;

// Whose id, fiber-locals and arena they are that runs here: the task, or the job that it calls inside itself, for which
// a record is made. Null outside; throws std::bad_alloc. [any thread]
task* this_identity();

// Its id; 0 outside. [any thread]
std::uint64_t identity_number() noexcept;

// Its fiber-local values; null when it has none yet. [any thread]
local_values* local_values_here() noexcept;

// Copies into `child`, which has not begun, those that are inherited. Throws std::bad_alloc, and what copying throws. [fiber]
void inherit_locals(task& child);

}  // namespace hocket::inline HOCKET_ABI::detail
