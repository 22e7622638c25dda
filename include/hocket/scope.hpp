// Structured spawning: a scope does not end before the tasks that were spawned in it.
#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/ending.hpp>
#include <hocket/detail/lock.hpp>
#include <hocket/detail/spawn.hpp>
#include <hocket/launch.hpp>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace hocket::inline HOCKET_ABI {

namespace detail {

class waiter;

// The untyped part of scope: see src/fibers/sync/scope.cpp.
class HOCKET_API scope_core {
public:
    scope_core() noexcept;
    scope_core(scope_core const&) = delete;
    scope_core& operator=(scope_core const&) = delete;
    ~scope_core();

    // One task more, spawned by `by`. [fiber]
    void add(task const* by) noexcept {
        if (by == owner_) [[likely]]
            ++spawned_;
        else
            left_.fetch_add(1, relaxed);
    }
    // So many tasks have ended. The scope may be gone when it returns. [worker]
    void settle(std::int64_t ended) noexcept;
    // A task has thrown. [fiber]
    void failed(std::exception_ptr e) noexcept;

    // Waits for all, then forgets the failure and returns it. [the fiber that made the scope]
    std::exception_ptr wait() noexcept;

    bool request_stop() noexcept;
    std::stop_token get_token();

    void close() noexcept { closed_.store(true, relaxed); }
    bool closed() const noexcept { return closed_.load(relaxed); }

private:
    struct stop_state;

    // Far more than there can be tasks: while it is in the count, the count does not reach zero.
    static constexpr std::int64_t open = std::int64_t{1} << 62;

    task* const owner_;
    job* const within_;                // the job of the owner's that it was made in, if that was called inside it
    std::int64_t spawned_ = 0;         // by the owner since the last join, not in the count yet
    atomic<std::int64_t> left_{open};  // tasks, less those that the owner spawned and has not counted
    waiter* joiner_ = nullptr;         // written before the count can reach zero
    atomic<bool> closed_{false};
    lock guard_;                       // the following
    std::exception_ptr failure_;       // of the first that failed
    bool stopped_ = false;
    stop_state* stop_ = nullptr;       // made when first asked for
};

}  // namespace detail

// Tasks that end before their scope does. join() waits for all that were spawned, and so does the destructor. The first
// task that throws makes the scope ask the others to stop; join() rethrows its exception when all have ended. The tasks
// get the scope's stop token, which also follows the runtime's. A scope belongs to the fiber that made it; its tasks may
// spawn into it too.
class scope {
public:
    // [fiber]
    scope() noexcept = default;
    scope(scope const&) = delete;
    scope& operator=(scope const&) = delete;
    // Waits; an exception that no join() has rethrown is dropped.
    ~scope() { static_cast<void>(core_.wait()); }

    // Spawns f(args...), decay-copied into the task: true, or false when the scope has been closed. Throws std::bad_alloc when there is no memory for the task,
    // std::invalid_argument for attributes out of range, no_runtime outside a task. [fiber: the owner or a task of the
    // scope]
    template <class F, class... Args>
        requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
    HOCKET_ALWAYS_INLINE bool spawn(F&& f, Args&&... args) {
        if (core_.closed()) [[unlikely]] return false;
        detail::spawn_in(core_, std::forward<F>(f), std::forward<Args>(args)...);
        return true;
    }
    template <class F, class... Args>
        requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
    HOCKET_ALWAYS_INLINE bool spawn(launch const& how, F&& f, Args&&... args) {
        using closure_type = detail::closure<std::decay_t<F>, std::decay_t<Args>...>;
        static constexpr detail::task_type type = closure_type::type();
        if (core_.closed()) [[unlikely]] return false;
        detail::new_task task(nullptr, detail::task_kind::ordinary, &how, type);
        closure_type::make(task.storage(), std::forward<F>(f), std::forward<Args>(args)...);
        task.submit(core_);
        return true;
    }

    // Waits for all tasks, then rethrows the exception of the first that threw, if any. The scope can be used again.
    // [the fiber that made it]
    void join() {
        if (std::exception_ptr failure = core_.wait()) [[unlikely]] std::rethrow_exception(std::move(failure));
    }

    // Lets nothing more be spawned, as std::execution::counting_scope's does; what has been spawned goes on. For good. [any
    // thread]
    void close() noexcept { core_.close(); }

    // Asks the tasks to stop. True when it was the first to ask. [any thread]
    bool request_stop() noexcept { return core_.request_stop(); }
    // Throws std::bad_alloc. [any thread]
    std::stop_token get_stop_token() { return core_.get_token(); }

private:
    detail::scope_core core_;
};

}  // namespace hocket::inline HOCKET_ABI
