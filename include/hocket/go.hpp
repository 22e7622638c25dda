// Spawning from inside a runtime.
#pragma once

#include <hocket/arena.hpp>
#include <hocket/detail/spawn.hpp>
#include <hocket/future.hpp>
#include <hocket/launch.hpp>
#include <hocket/this_fiber.hpp>

namespace hocket::inline HOCKET_ABI {

namespace detail {
// True on a fiber that is not on the blocking pool.
HOCKET_API bool should_offload() noexcept;
}  // namespace detail

// Spawns f(args...), decay-copied into the task, detached. Throws no_runtime outside a runtime, std::bad_alloc when
// there is no memory for the task, std::invalid_argument for attributes out of range. An exception that leaves f goes
// to runtime_options::on_unhandled. [fiber]
template <class F, class... Args>
    requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
HOCKET_ALWAYS_INLINE void go(F&& f, Args&&... args) {
    detail::spawn(std::forward<F>(f), std::forward<Args>(args)...);
}
template <class F, class... Args>
    requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
HOCKET_ALWAYS_INLINE void go(launch const& how, F&& f, Args&&... args) {
    detail::spawn_with(nullptr, detail::task_kind::ordinary, &how, std::forward<F>(f), std::forward<Args>(args)...);
}

// The same on the blocking pool, for work that blocks its thread. [fiber]
template <class F, class... Args>
    requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
HOCKET_ALWAYS_INLINE void go_blocking(F&& f, Args&&... args) {
    detail::spawn_with(nullptr, detail::task_kind::blocking, nullptr, std::forward<F>(f), std::forward<Args>(args)...);
}
template <class F, class... Args>
    requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
HOCKET_ALWAYS_INLINE void go_blocking(launch const& how, F&& f, Args&&... args) {
    detail::spawn_with(nullptr, detail::task_kind::blocking, &how, std::forward<F>(f), std::forward<Args>(args)...);
}

// Spawns f(T&), where T is constructed from args in the child's own arena before f starts and freed with it: data for a
// child, made where the child will need it. args are decay-copied into the task; T's constructor runs in the child, and
// what it throws is the child's exception. [fiber]
template <class T, class F, class... Args>
    requires std::invocable<std::decay_t<F>, T&> && std::constructible_from<T, std::decay_t<Args>...>
HOCKET_ALWAYS_INLINE void go_with(F&& f, Args&&... args) {
    go(
        [](std::decay_t<F> function, std::decay_t<Args>... a) {
            std::invoke(std::move(function), this_fiber::arena().template make<T>(std::move(a)...));
        },
        std::forward<F>(f), std::forward<Args>(args)...);
}

// Runs f() on the blocking pool and suspends the calling fiber until it has returned; returns its result or throws
// what it threw. On a blocking worker and on a plain thread it simply calls f. [any thread]
template <class F>
    requires std::invocable<F>
std::invoke_result_t<F> blocking(F&& f) {
    using result = std::invoke_result_t<F>;
    if (!detail::should_offload()) return std::invoke(std::forward<F>(f));
    detail::state_ptr<detail::shared_state<result>> state(new detail::shared_state<result>);
    detail::spawn_into(state.get(), nullptr, detail::task_kind::blocking, nullptr,
                       [&f]() -> result { return std::invoke(std::forward<F>(f)); });
    state->done.wait_regardless();
    return state->take();
}

}  // namespace hocket::inline HOCKET_ABI
