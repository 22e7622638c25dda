// Running a few callables side by side.
#pragma once

#include <concepts>
#include <exception>
#include <functional>
#include <hocket/detail/fork.hpp>
#include <utility>

namespace hocket::inline HOCKET_ABI {

namespace detail {

// Calls one after the other, whatever they throw; keeps the failure of the leftmost.
inline void invoke_here(std::exception_ptr&) noexcept {}
template <class F, class... Rest>
void invoke_here(std::exception_ptr& failure, F&& f, Rest&&... rest) noexcept {
    try {
        std::invoke(std::forward<F>(f));
    } catch (...) {
        if (!failure) failure = std::current_exception();
    }
    invoke_here(failure, std::forward<Rest>(rest)...);
}

// Each in a task of its own: on this stack there is no room for them. The first has the identity of the caller, as it
// would have on a larger stack, and what belongs to that; so it is sent last, when the caller does nothing but wait.
inline void send_rest(std::exception_ptr&, job& first) noexcept { send_away(first, true); }
template <class F, class... Rest>
void send_rest(std::exception_ptr& failure, job& first, F&& f, Rest&&... rest) noexcept {
    job_of<F> mine(f, nullptr);
    send_away(mine);
    send_rest(failure, first, std::forward<Rest>(rest)...);
    join_away(mine);
    if (std::exception_ptr const thrown = mine.take_failure()) failure = thrown;
}
template <class F, class... Rest>
void invoke_away(std::exception_ptr& failure, F&& f, Rest&&... rest) noexcept {
    job_of<F> first(f, nullptr);
    send_rest(failure, first, std::forward<Rest>(rest)...);
    join_away(first);
    if (std::exception_ptr const thrown = first.take_failure()) failure = thrown;
}

// Where nothing can be forked: outside a task, and at the end of a stack.
template <class... F>
HOCKET_NOINLINE void invoke_unforked(F&&... f) {
    std::exception_ptr failure;
    if (can_fork())
        invoke_away(failure, std::forward<F>(f)...);
    else
        invoke_here(failure, std::forward<F>(f)...);
    if (failure) std::rethrow_exception(std::move(failure));
}

// Calls body with all of `rest` forked beside it; the first of them lies on top, the last is the first to be stolen.
template <class Body>
HOCKET_ALWAYS_INLINE void invoke_forked(worker_face&, Body&& body) {
    std::invoke(std::forward<Body>(body));
}
template <class Body, class F, class... Rest>
HOCKET_ALWAYS_INLINE void invoke_forked(worker_face& w, Body&& body, F&& f, Rest&&... rest) {
    invoke_forked(
        w, [&] { fork_join(w, std::forward<Body>(body), std::forward<F>(f)); }, std::forward<Rest>(rest)...);
}

}  // namespace detail

// Calls every one of the callables, perhaps in parallel, and returns when all have ended. The first is called by the
// caller as itself; each other one is a job with an id, fiber-locals and an arena of its own, with the caller's name and
// stop token, whether or not another worker has taken it. They may suspend, and may wait for each other. If some throw,
// all end all the same, and the exception of the leftmost is rethrown. Outside a task they are called one after the
// other. A fork costs a few nanoseconds as long as nobody steals it. Throws only what they throw. [any thread]
template <class... F>
    requires(sizeof...(F) >= 1 && (std::invocable<F> && ...))
HOCKET_ALWAYS_INLINE void parallel_invoke(F&&... f) {
    if (detail::worker_face* const w = detail::fork_point()) [[likely]]
        detail::invoke_forked(*w, std::forward<F>(f)...);
    else
        detail::invoke_unforked(std::forward<F>(f)...);
}

}  // namespace hocket::inline HOCKET_ABI
