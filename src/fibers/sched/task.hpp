// The task record: all the scheduler knows of a piece of work. 128 bytes from a slab, so that a spawn costs two cache
// lines, and a switch one.
//
// States (`state`), and who moves them:
//
//   free ------> fresh       new_task, the spawner
//   fresh -----> free        dropped: shutdown, failed spawn
//   fresh -----> running     the worker that calls it
//   running ---> free        it has returned
//   running ---> suspended   the landing after its switch away
//   suspended -> ready       whoever wakes it
//   running ---> ready       the landing, when it only yields
//   ready -----> running     the worker that goes on with it
//   fresh -----> ready       the spawner, when the task has a stack of its own to begin on
//   suspended -> resting -> trimmed      the trimmer; to all others the three are one
//
// Between running and ready only debug builds write, to check it: whether a task runs is told by the workers.
//
// A record belongs to one hand at a time: its spawner, the queue it is in, the worker that runs it, or the wait it
// sleeps in; every move from hand to hand is a release and an acquire of that queue's or wait's own, so the fields
// need no atomics. Some are watched, state and reason atomic, only because dump() looks at them from outside. A task
// is a *fiber* from the first time it leaves its worker: `own` is then the stack it stands on, and `saved` where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/ending.hpp>
#include <hocket/detail/fork.hpp>
#include <hocket/detail/spawn.hpp>
#include <hocket/this_fiber.hpp>
#include <string>
#include <string_view>

#include "fibers/context/context.hpp"
#include "fibers/context/fp_control.hpp"
#include "fibers/sched/local_values.hpp"
#include "fibers/sched/timer_wheel.hpp"
#include "fibers/sched/wait_reason.hpp"

namespace hocket::inline HOCKET_ABI::detail {

class scheduler;
struct task_memory;

enum class task_state : std::uint8_t { free, fresh, running, suspended, ready, resting, trimmed };

// Whether it waits for something.
constexpr bool asleep(task_state s) noexcept {
    return s == task_state::suspended || s == task_state::resting || s == task_state::trimmed;
}

char const* to_string(task_state s) noexcept;

// In the record; in a slab of closures; on the heap.
enum class closure_place : std::uint8_t { room, slab, heap };

// What few tasks have.
struct task_extra {
    std::string name;
    timer start;                      // armed while a delayed task waits to begin
    task* owner = nullptr;
    local_values locals;
    bool passes_on = false;           // it, or a job called inside it, has locals that children inherit
    // Of a task with an FP control state of its own: what it begins with; its type, and the one that it shows instead.
    fp_control fp;
    task_type const* within_fp = nullptr;
    task_type own_fp{};
};

// A task's extra, made when it has none. Throws std::bad_alloc. [its spawner, or itself]
task_extra& extra_of(task& t);

// A field that one hand at a time writes, and that dump() may look at meanwhile.
template <class T>
class watched {
public:
    operator T() const noexcept { return value_.load(relaxed); }
    watched& operator=(T v) noexcept {
        value_.store(v, relaxed);
        return *this;
    }

private:
    atomic<T> value_;
};

struct alignas(64) task {
    // The first line: all that a switch touches.
    task_face face;                     // what inline code touches; first, so that the two have one address
    task* link;                         // in the queue it is in; while it is asleep, its waiter, if that may be cancelled
    context saved;                      // where it stopped, while it is suspended or ready
    watched<stack*> own;                // null while fresh, and while it runs on its first carrier
    task_type const* type;
    scheduler* home;
    ending ends;                        // who is told when all is over
    atomic<task_state> state;           // the slab pool leaves these bytes of a free record alone
    atomic<wait_reason> reason;
    watched<task_kind> kind;
    closure_place place;                // of the closure
    watched<bool> shielded;             // its waits are not cancelled now
    watched<std::int16_t> pinned;       // index of its worker, or any_worker

    // The second.
    watched<void const*> spawn_site;    // a return address in the code that spawned it
    watched<std::uint64_t> id;
    task_memory* memory;                // its arena; null until first used, and in a free record
    watched<task_extra*> extra;         // null for most, and in a free record; set and freed under scheduler::extras
    std::byte room[inline_closure];     // the closure, or a pointer to it

    static constexpr std::size_t inline_bytes = inline_closure;
    static constexpr std::size_t inline_align = detail::inline_align;
    static constexpr std::size_t slab_bytes = 128;
    static constexpr std::size_t slab_align = 64;

    void* closure() noexcept {
        return place == closure_place::room ? static_cast<void*>(room) : *reinterpret_cast<void**>(room);
    }

    // Empty when it has none. Valid while the task lives.
    std::string_view name() const noexcept {
        task_extra const* const e = extra;
        return e != nullptr ? std::string_view(e->name) : std::string_view();
    }

    // A legal step of the table above; debug builds check it.
    void step(task_state from, task_state to) noexcept {
#ifdef NDEBUG
        static_cast<void>(from);
#else
        if (state.load(relaxed) != from) illegal_step(from, to);
#endif
        state.store(to, relaxed);
    }

    // The same between running and ready.
    void turn([[maybe_unused]] task_state from, [[maybe_unused]] task_state to) noexcept {
#ifndef NDEBUG
        step(from, to);
#endif
    }

    // running -> suspended, once its context has been stored, by the landing on the other side. From now on the trimmer may
    // look at it.
    void fall_asleep() noexcept {
#ifndef NDEBUG
        if (state.load(relaxed) != task_state::running) illegal_step(task_state::running, task_state::suspended);
#endif
        state.store(task_state::suspended, release);  // pairs with the acquire in trimmer::look_at()
    }

private:
    [[noreturn]] void illegal_step(task_state from, task_state to) const noexcept;
};
static_assert(sizeof(task) == 128 && offsetof(task, face) == 0 && offsetof(task, state) >= 8 &&
              offsetof(task, spawn_site) == 64);

// While it lives no wait of the task that runs here, if any, is cancelled. [t]
class shield {
public:
    explicit shield(task* t) noexcept : task_(t), before_(t != nullptr && t->shielded) {
        if (t != nullptr) t->shielded = true;
    }
    shield(shield const&) = delete;
    shield& operator=(shield const&) = delete;
    ~shield() {
        if (task_ != nullptr) task_->shielded = before_;
    }

private:
    task* const task_;
    bool const before_;
};

// An intrusive first-in-first-out list of tasks, for one hand or under a lock.
struct task_list {
    task* first = nullptr;
    task* last = nullptr;

    bool empty() const noexcept { return first == nullptr; }
    void push(task* t) noexcept {
        t->link = nullptr;
        (last != nullptr ? last->link : first) = t;
        last = t;
    }
    task* pop() noexcept {
        task* const t = first;
        if (t != nullptr && (first = t->link) == nullptr) last = nullptr;
        return t;
    }
};

}  // namespace hocket::inline HOCKET_ABI::detail
