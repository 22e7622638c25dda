// Forking a job and joining it again, at the price of a function call: the part of a worker that users' code touches.
//
// A job is a callable that may run beside its forker, described by a record in the forker's frame. States (state):
//
//   forked    in the job deque of the worker that forked it, or taken from there by a thief, who calls it
//   away      it is the business of a task of its own (src/fibers/sched/jobs.cpp)
//   stranded  there was no memory for that task: whoever joins calls it
//   done      it has ended, and all that it owned is gone
//   else      the address of the joiner's waiter, who sleeps until it is done
//
// Protocol: a worker's job deque holds only jobs of the fiber that runs there now, in the order of nesting. fork pushes
//   one; join takes the newest back, which is that one, or, if a thief had it, finds the deque empty, for thieves take
//   the oldest, the largest piece of work. Before a fiber is suspended all its jobs leave the deque (away). So a fiber
//   that finds itself running on the worker that it forked on knows that what it finds in the deque is its own; one
//   that has come to another worker since has nothing in any deque.
// Identity: a job that is called where it was forked has an id, fiber-locals and an arena of its own all the same,
//   made when it asks for them, and does not see the exceptions its forker handles. So it cannot tell, and nothing
//   depends on whether it was stolen.
// Memory order: what the forker wrote is published by the deque, or by the task's queue; the job's end by the exchange
//   of state, which the joiner acquires.
// Source: lazy tasks as in Cilk-5 (Frigo, Leiserson, Randall, 1998); a deque private until a thief comes as in Lace
//   (van Dijk, van de Pol, 2014).
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/bias.hpp>
#include <hocket/detail/config.hpp>
#include <hocket/detail/deque.hpp>
#include <hocket/detail/exception_globals.hpp>
#include <type_traits>
#include <utility>

namespace hocket::inline HOCKET_ABI::detail {

struct job;
struct stack;
struct task;

// The first part of a task's record.
struct task_face {
    job* inlined;  // the innermost job that is being called inside this task
};

// The first part of a worker.
struct worker_face {
    atomic<task_face*> running{nullptr};      // the task that runs; null in the loop
    exception_globals* exceptions = nullptr;  // of the thread; null at home
    stack* carrier = nullptr;                 // that of the loop, or of a task that has none of its own; null at home
    deque<job> jobs;
    // Not zero when somebody may sleep who would steal: set by whoever goes to sleep, cleared by the owner.
    atomic<std::uint32_t> hungry{0};
    bias mine;                                // over jobs, and the worker's other queues
};

struct job {
    static constexpr std::uintptr_t forked = 0, away = 1, stranded = 2, done = 3;

    job(void (*c)(job&) noexcept, task_face* p) noexcept : call(c), parent(p) {}
    job(job const&) = delete;
    job& operator=(job const&) = delete;

    void (*const call)(job&) noexcept;  // calls the callable and keeps what it throws
    task_face* parent;                  // who forked it
    atomic<std::uintptr_t> state{forked};

    // While it is called where it was forked.
    job* outer;             // the job it is nested in
    task* record;           // its locals and arena; null until first asked for
    std::uint64_t id;       // 0 until first asked for
};

// Calls a job inside its forker: it has an identity of its own meanwhile.
class inlined_call {
public:
    explicit inlined_call(job& j) noexcept : job_(j) {
        j.outer = j.parent->inlined;
        j.record = nullptr;
        j.id = 0;
        j.parent->inlined = &j;
    }
    inlined_call(inlined_call const&) = delete;
    inlined_call& operator=(inlined_call const&) = delete;
    ~inlined_call() {
        if (job_.record != nullptr) [[unlikely]] end_record(job_);
        job_.parent->inlined = job_.outer;
    }

private:
    HOCKET_API static void end_record(job& j) noexcept;
    job& job_;
};

// A job with its callable, which outlives it. F is as a forwarding reference deduces it.
template <class F>
struct job_of : job {
    job_of(std::remove_reference_t<F>& f, task_face* p) noexcept : job(&job_of::call_it, p), function(f), failure() {}
    ~job_of() {}  // most are never away, and have no failure

    static void call_it(job& self) noexcept {
        auto& me = static_cast<job_of&>(self);
        try {
            std::invoke(static_cast<F&&>(me.function));
        } catch (...) {
            me.failure = std::current_exception();
        }
    }

    // The failure, moved out, once it is done.
    std::exception_ptr take_failure() noexcept {
        std::exception_ptr const taken = std::move(failure);
        failure.~exception_ptr();
        return taken;
    }

    std::remove_reference_t<F>& function;
    union {
        std::exception_ptr failure;  // of a call by call_it()
    };
};

// The worker to fork at: null outside a task, and where the stack is nearly used up. Stale once the caller has been
// suspended. [any thread]
HOCKET_API worker_face* fork_point() noexcept;

// True in a task. [any thread]
HOCKET_API bool can_fork() noexcept;

// Somebody sleeps who could steal: wakes him. [fiber]
HOCKET_API void wake_thief(worker_face& w) noexcept;

// Gives a job that was never pushed to a task of its own, which has the identity of the calling one if it is `as_caller`,
// and then must be the only such; calls it here when there is no memory for a task. [fiber]
HOCKET_API void send_away(job& j, bool as_caller = false) noexcept;

// Waits until a job that is not in the deque any more is done; calls it when it is stranded. [fiber]
HOCKET_API void join_away(job& j) noexcept;

// Marks a job as done and wakes who waits for that; the job may be gone when it returns. [worker]
void finish(job& j) noexcept;

// Calls a job where it was forked, with the exceptions of its forker out of its sight. [fiber]
HOCKET_API void call_unseen(job& j) noexcept;

// Whether the newest job in the deque is the caller's: then it has been taken back, and w is the worker it runs on.
HOCKET_ALWAYS_INLINE bool take_back(worker_face& w, job& j) noexcept {
    return w.running.load(relaxed) == j.parent && w.jobs.take_back(w.mine);
}

// The join that is no mere call: the job is away, or must not see the exceptions that are being handled.
template <class G>
HOCKET_NOINLINE void join_slowly(job_of<G>& second, bool taken_back) {
    if (taken_back)
        call_unseen(second);
    else
        join_away(second);
    if (std::exception_ptr failure = second.take_failure()) std::rethrow_exception(std::move(failure));
}

// The same after f has thrown: what the job throws is dropped.
template <class G>
HOCKET_NOINLINE void join_after_failure(worker_face& w, job_of<G>& second) noexcept {
    if (take_back(w, second))
        call_unseen(second);
    else
        join_away(second);
    second.take_failure();
}

// The same where the deque cannot grow.
template <class F, class G>
HOCKET_NOINLINE void fork_without_room(F&& f, job_of<G>& second) {
    send_away(second);
    try {
        std::invoke(std::forward<F>(f));
    } catch (...) {
        join_away(second);
        second.take_failure();
        throw;
    }
    join_slowly(second, false);
}

// Runs f() and g(), perhaps in parallel, and returns when both have ended. Throws what f threw, else what g threw.
template <class F, class G>
HOCKET_ALWAYS_INLINE void fork_join(worker_face& w, F&& f, G&& g) {
    job_of<G> second(g, w.running.load(relaxed));
    if (!w.jobs.push(&second)) [[unlikely]]
        return fork_without_room(std::forward<F>(f), second);
    if (w.hungry.load(relaxed) != 0) [[unlikely]] wake_thief(w);
    try {
        std::invoke(std::forward<F>(f));
    } catch (...) {
        join_after_failure(w, second);
        throw;
    }
    bool const taken_back = take_back(w, second);
    if (taken_back && w.exceptions->empty()) [[likely]] {
        inlined_call const as_itself(second);
        std::invoke(std::forward<G>(g));
    } else {
        join_slowly(second, taken_back);
    }
}

}  // namespace hocket::inline HOCKET_ABI::detail
