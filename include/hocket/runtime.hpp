// The runtime: worker threads, and the tasks they run.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <hocket/cancelled.hpp>
#include <hocket/detail/config.hpp>
#include <hocket/detail/spawn.hpp>
#include <hocket/launch.hpp>
#include <iosfwd>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

namespace hocket::inline HOCKET_ABI {

// How contexts are switched. `automatic` is what the environment variable HOCKET_CONTEXT names (native or boost), else
// native where there is hand-written assembly for the machine, else boost.
enum class context_backend : unsigned char { automatic, native, boost };

enum class log_level : unsigned char { debug, info, warning, error };

// Called around every suspension of a fiber, yields included, for tools that keep state of their own per fiber (the test harness does).
struct suspension_observer {
    // The running fiber is about to leave its thread. What is returned is kept with it. Must not suspend. [fiber]
    void* (*suspend)() = nullptr;
    // The fiber is back, perhaps on another thread, with what suspend() returned. Must not suspend. [fiber]
    void (*resume)(void* kept) = nullptr;
};

struct runtime_options {
    // OS threads that run tasks, run()'s caller included. 0: one for each core this process may use.
    unsigned workers = 0;
    // Threads of the pool for calls that block; at most so many blocking tasks run at once. 0: half of the cores, at
    // least 1.
    unsigned blocking_workers = 0;
    context_backend context = context_backend::automatic;
    // Bytes of a stack, guard excluded, rounded up to pages. 64 KiB costs no memory until it is touched, and what a fiber
    // no longer uses of it is given back once it has waited for some 0.3 s. A task that runs over the end is reported, on
    // stderr and through the logger, and the program aborts: see docs/hazards.md.
    std::size_t stack_size = 64 * 1024;
    // The most stacks that may exist at once. When they are used up no fresh task is started, suspended ones go on. As
    // many more, but no more than fit into 128 GiB of address space, for each size of launch::stack_size (rounded up to
    // a power of two): when those are used up such a spawn throws std::bad_alloc.
    std::size_t max_stacks = 1u << 20;
    // The most bytes one task's arena may hold.
    std::size_t arena_limit = SIZE_MAX;
    // Inside a task std::pmr::get_default_resource() is the task's arena; outside it is what it was. Process-wide: the
    // first runtime that asks installs it.
    bool pmr_default_in_tasks = false;
    // Seed of every random choice. 0: taken from the clock; stats() tells it.
    std::uint64_t seed = 0;
    // Called with the task's name and the exception that left a task which nobody can ask for it. Empty:
    // std::terminate.
    std::function<void(std::string_view task, std::exception_ptr)> on_unhandled{};
    // Where the runtime's log lines go, from any of its threads. Empty: the process-wide spdlog logger, from level warning
    // on.
    std::function<void(log_level, std::string_view)> logger{};
    suspension_observer observer{};
    // For simulated time: this_fiber::sleep_for, the one that takes no stop token, asks how to sleep; true when that has
    // been done, by whatever clock, false to have it done by the real one. May suspend. [fiber]
    bool (*sleep)(std::chrono::nanoseconds d) = nullptr;
};

// Figures of a runtime, each a count since its construction unless it says "now". Read without stopping anybody:
// exact when idle, approximate while tasks run.
struct runtime_stats {
    std::uint64_t seed = 0;
    context_backend context = context_backend::automatic;  // native or boost
    unsigned workers = 0;
    unsigned blocking_workers = 0;
    std::uint64_t spawned = 0;
    std::uint64_t completed = 0;
    std::uint64_t live = 0;             // now: tasks spawned and not completed
    std::uint64_t suspensions = 0;      // times a fiber left its worker
    std::uint64_t steals = 0;           // tasks taken from another worker
    std::uint64_t sleeps = 0;           // times a worker went to sleep
    std::uint64_t wakes = 0;            // times a worker woke another
    std::uint64_t unhandled = 0;        // exceptions that left a detached task
    std::uint64_t trims = 0;            // times that a parked fiber's unused stack was given back to the system
    std::size_t stacks = 0;             // now: stacks that have memory, in use or pooled
    std::size_t stacks_in_use = 0;      // now: stacks owned by suspended or running fibers, or a worker's carrier
    std::size_t arena_bytes = 0;        // now: bytes in blocks held by arenas of live tasks
    std::size_t timers = 0;             // now: armed timers
};

// How deep the stacks of one size have been.
struct stack_use {
    std::size_t stack_size = 0;  // bytes
    std::size_t stacks = 0;      // now: stacks that exist, in use or pooled
    // Bytes, in whole pages: the most that any of these has been used, by whatever task. That a stack has been deep is
    // forgotten when its pages are given back; what is swapped out does not count.
    std::size_t deepest = 0;
};

class runtime;
namespace detail {
template <class F, class... Args>
std::invoke_result_t<F, Args...> run_in(runtime& rt, F&& f, Args&&... args);
}

// Owns workers and tasks. Not movable: tasks refer to it.
class HOCKET_API runtime {
public:
    // Reserves address space and prepares the workers, but starts no thread. Throws std::system_error or
    // std::bad_alloc when resources are missing, std::invalid_argument when an option makes no sense (the sentence
    // says which). [any thread]
    runtime();
    explicit runtime(runtime_options options);
    runtime(runtime const&) = delete;
    runtime& operator=(runtime const&) = delete;
    // shutdown(). Must not run inside one of its own fibers. [any thread but a fiber of this runtime]
    ~runtime();

    // Starts all workers as threads of their own and the blocking workers. Does nothing when already started. Throws
    // std::system_error when the system has no thread left. [any thread]
    void start();

    // Runs every task that is left until none is, then stops and joins all threads; the caller's thread helps where no
    // worker 0 runs. Later submissions throw no_runtime. Does nothing the second time. A fiber that waits for
    // something that never comes makes it wait for ever. In a fiber of this runtime it is misuse and ends the
    // program. [any thread]
    void shutdown();

    // The same by cancellation: asks all tasks to stop, ends every wait that <hocket/cancelled.hpp> lists by an exception,
    // `cancelled`, and drops what has not begun (its closure is destroyed; who waits for it gets `cancelled`). Returns when
    // no task is left, or at the deadline: then who is left, of whom some may have ended meanwhile. The threads go on with
    // those, it may be called again, and the destructor waits for them. Where worker 0 has no thread it gets one. Throws
    // std::system_error when that cannot be had, std::bad_alloc when the survivors cannot be told: call it again. In a fiber
    // of this runtime it is misuse and ends the program. [any thread]
    std::vector<survivor> shutdown(cancel_t);
    std::vector<survivor> shutdown(cancel_t, std::chrono::steady_clock::time_point deadline);
    template <class Rep, class Period>
    std::vector<survivor> shutdown(cancel_t, std::chrono::duration<Rep, Period> d) {
        return cancel_until(detail::from_now(d));
    }

    // Asks every task that has a stop token to stop, through that token. [any thread]
    void request_stop() noexcept;

    // Spawns f(args...), decay-copied, as a detached task. Legal before start(): kept, then run. Throws
    // std::bad_alloc, or no_runtime after shutdown() has begun, except for the runtime's own tasks. [any thread]
    template <class F, class... Args>
        requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
    HOCKET_ALWAYS_INLINE void go(F&& f, Args&&... args) {
        detail::spawn_with(core_, detail::task_kind::ordinary, nullptr, std::forward<F>(f), std::forward<Args>(args)...);
    }
    template <class F, class... Args>
        requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
    HOCKET_ALWAYS_INLINE void go(launch const& how, F&& f, Args&&... args) {
        detail::spawn_with(core_, detail::task_kind::ordinary, &how, std::forward<F>(f), std::forward<Args>(args)...);
    }

    // The same on the blocking pool: for calls that block their thread. [any thread]
    template <class F, class... Args>
        requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
    HOCKET_ALWAYS_INLINE void go_blocking(F&& f, Args&&... args) {
        detail::spawn_with(core_, detail::task_kind::blocking, nullptr, std::forward<F>(f), std::forward<Args>(args)...);
    }
    template <class F, class... Args>
        requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
    HOCKET_ALWAYS_INLINE void go_blocking(launch const& how, F&& f, Args&&... args) {
        detail::spawn_with(core_, detail::task_kind::blocking, &how, std::forward<F>(f), std::forward<Args>(args)...);
    }

    // Starts the runtime if needed and runs f(args...) as a task; the calling thread is worker 0 until f has ended
    // (after start() has been called it only waits). Returns f's result or throws what f threw. Other tasks may still
    // be there: they go on on the other workers, and those pinned to worker 0 at the next run() or at shutdown.
    // Misuse inside a fiber, and from two threads at once. [any thread but a fiber]
    template <class F, class... Args>
        requires std::invocable<F, Args...>
    HOCKET_ALWAYS_INLINE std::invoke_result_t<F, Args...> run(F&& f, Args&&... args) {
        return detail::run_in(*this, std::forward<F>(f), std::forward<Args>(args)...);
    }

    runtime_stats stats() const;  // [any thread]

    // Finds out how deep the stacks have been: those of runtime_options::stack_size, then each size of
    // launch::stack_size that has been used. Asks the kernel about every stack that exists: some 3 us each. Throws
    // std::bad_alloc. [any thread]
    std::vector<stack_use> measure_stacks() const;

    // Writes one line per live task: id, name, state, what it waits for, where it was spawned and, if it has a stack of
    // its own, how much of that has been used (as in stack_use: by it, or by whoever had that stack before); a last
    // line if stacks have run out. Approximate while tasks run. [any thread]
    void dump(std::ostream& out) const;

    // Runs `entry(closure)` as the first task with the caller as worker 0: what run() is made of. [any thread but a
    // fiber]
    void run_first(void (*entry)(void*), void* closure);

private:
    std::vector<survivor> cancel_until(std::int64_t deadline);

    detail::scheduler* core_;
};

}  // namespace hocket::inline HOCKET_ABI

#include <hocket/detail/run.hpp>
