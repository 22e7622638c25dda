// How a scheduler starts, runs its first task, and stops: see the states at the head of scheduler.hpp.
#include <new>
#include <string>

#include "fibers/sched/misuse.hpp"
#include "fibers/sched/scheduler.hpp"
#include "seam/fence.hpp"
#include "seam/pause.hpp"

namespace hocket::inline HOCKET_ABI::detail {

static void start_thread(worker& w) {
    std::string const name = w.blocking ? "hocket-b" + std::to_string(w.index - w.sched.ordinary())
                                        : "hocket-" + std::to_string(w.index);
    w.thread.start(name.c_str(), [](void* of) { static_cast<worker*>(of)->enter(); }, &w);
}

void scheduler::start_threads(unsigned first) {
    try {
        for (unsigned i = first; i < total(); ++i) start_thread(at(i));
        watchman.workers_run();
    } catch (...) {
        for (auto& w : workers_) w->leave(true);
        seats.wake_all();
        pool_seats.wake_all();
        for (auto& w : workers_) w->thread.join();
        for (auto& w : workers_) w->leave(false);
        throw;
    }
}

// A thread for worker 0, which is vacant, while the others run.
void scheduler::start_zero() {
    at(0).leave(false);
    if (drained()) at(0).leave(true);  // whoever found that has told it before
    start_thread(at(0));
}

void scheduler::start() {
    hold held(guard_);
    if (started_) return;
    start_threads(0);
    started_ = true;
    zero_ = zero_state::thread;
    zero_present.store(true, relaxed);
}

void scheduler::run_first(void (*entry)(void*), void* argument, void const* site) {
    if (this_task() != nullptr) misuse("runtime::run() was called inside a fiber");
    bool as_worker;
    {
        hold held(guard_);
        if (closed_.load(relaxed)) throw no_runtime("hocket: run() on a runtime that has been shut down");
        if (zero_ == zero_state::caller) misuse("runtime::run() was called by two threads at once");
        if (!started_) {
            start_threads(1);
            started_ = true;
        }
        as_worker = zero_ == zero_state::vacant;
        if (as_worker) zero_ = zero_state::caller;
    }

    struct call {
        void (*entry)(void*);
        void* argument;
        static void run(void* self) { static_cast<call*>(self)->entry(static_cast<call*>(self)->argument); }
    };
    static constexpr task_type type{&call::run, nullptr, sizeof(call), alignof(call)};
    try {
        state_ptr<shared_state<void>> state(new shared_state<void>);
        task* const t = make(task_kind::ordinary, nullptr, type);
        ::new (t->closure()) call{entry, argument};
        t->spawn_site = site;
        state->retain();
        t->ends = ending(state.get());
        if (as_worker) {
            worker& zero = at(0);
            zero.leave(false);
            first_.store(state.get(), release);  // pairs with the acquire in publish()
            zero.hand = t;
            zero_present.store(true, relaxed);
            zero.enter();
            // Acquires what the task wrote, on whichever worker it ended. (When all is drained it may be about to be
            // told.)
            state->done.wait_regardless();
            first_.store(nullptr, relaxed);
        } else {
            submit(t);
            state->done.wait_regardless();
        }
        if (state->failure) std::rethrow_exception(state->failure);  // it was dropped, see cancel.hpp
    } catch (...) {
        if (as_worker) vacate_zero();
        throw;
    }
    if (as_worker) vacate_zero();
}

// The caller of run() goes. If shutdown() waits meanwhile, this thread first helps to bring it about.
void scheduler::vacate_zero() noexcept {
    while (true) {
        while (closed_.load(seq_cst) && !drained()) {
            at(0).leave(false);
            if (!drained()) at(0).enter();
        }
        // shutdown() closes under the guard: either it finds worker 0 vacant, or this finds that it has closed.
        hold held(guard_);
        if (closed_.load(relaxed) && !drained()) continue;
        leave_zero();
        break;
    }
    // Sleepers look after worker 0's timers from now on.
    seats.wake_all();
    tell_zero_left();
}

// Under guard_.
void scheduler::leave_zero() noexcept {
    at(0).flush();
    zero_present.store(false, seq_cst);
    zero_ = zero_state::vacant;
}

void scheduler::tell_zero_left() noexcept {
    zero_left_.fetch_add(1, release);
    seam::futex_wake(zero_left_, INT32_MAX);
}

void scheduler::refuse_own_fiber(char const* function) const noexcept {
    if (task const* const t = this_task(); t != nullptr && t->home == this)
        misuse("runtime::%s() was called by one of its own fibers", function);
}

// From now on foreign submissions are refused. Under guard_.
void scheduler::close() noexcept {
    closed_.store(true, seq_cst);
    seam::heavy_fence();
}

void scheduler::shutdown() {
    refuse_own_fiber("shutdown");
    bool help = false;
    {
        hold held(guard_);
        close();
        // Counts may disagree for a moment even when all is over: somebody is being refused.
        bool const left = !drained() && !nothing_left();
        if (left && !started_) {
            start_threads(1);
            started_ = true;
        }
        if (left && zero_ == zero_state::vacant) {
            zero_ = zero_state::caller;
            help = true;
        }
    }
    if (help) {
        at(0).leave(drained());
        zero_present.store(true, relaxed);
        while (!drained()) {
            at(0).leave(false);
            if (!drained()) at(0).enter();
        }
        {
            hold held(guard_);
            leave_zero();
        }
        tell_zero_left();
    } else {
        // Whoever sleeps has to look whether anything is left.
        check_drained();
        seats.wake_all();
        pool_seats.wake_all();
        while (!drained()) seam::futex_wait(drained_, 0);
    }
    end_threads();
}

// Joins the threads, once; whoever comes later waits until it has been done. All is drained.
void scheduler::end_threads() noexcept {
    std::uint32_t none = 0;
    if (!finished_.compare_exchange_strong(none, 1, relaxed, acquire)) {
        while (finished_.load(acquire) != 2) seam::futex_wait(finished_, 1);
        return;
    }
    for (auto& w : workers_) w->thread.join();
    // A caller of run(), or one that helps in shutdown(), is still on its way out of worker 0.
    while (true) {
        std::uint32_t const seen = zero_left_.load(acquire);
        {
            hold held(guard_);
            if (zero_ != zero_state::caller) break;
        }
        seam::futex_wait(zero_left_, seen);
    }
    while (visitors_.load(acquire) != 0) seam::pause();  // pairs with the release in ~visit()
    watchman.stop();
    finished_.store(2, release);  // pairs with the acquires above
    seam::futex_wake(finished_, INT32_MAX);
}

}  // namespace hocket::inline HOCKET_ABI::detail
