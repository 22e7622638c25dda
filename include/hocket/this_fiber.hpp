// What a task may say about itself.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <hocket/arena.hpp>
#include <hocket/detail/config.hpp>
#include <hocket/detail/wait_limit.hpp>
#include <ostream>
#include <stop_token>
#include <string_view>

namespace hocket::inline HOCKET_ABI {

// Tells one task from every other of the process, live or ended. Default-constructed: no task.
class fiber_id {
public:
    constexpr fiber_id() noexcept = default;
    constexpr explicit fiber_id(std::uint64_t number) noexcept : number_(number) {}
    friend constexpr auto operator<=>(fiber_id, fiber_id) noexcept = default;
    friend std::ostream& operator<<(std::ostream& out, fiber_id id) { return out << "fiber " << id.number_; }
    constexpr std::uint64_t number() const noexcept { return number_; }

private:
    std::uint64_t number_ = 0;
};

// While it lives, the fiber that made it stays on one worker, and so on one thread: for code with thread-local habits. They
// may be nested; each ends before the one that was made before it, in the fiber that made it.
class [[nodiscard]] pin_scope {
public:
    // See this_fiber::pin().
    HOCKET_API pin_scope() noexcept;
    pin_scope(pin_scope const&) = delete;
    pin_scope& operator=(pin_scope const&) = delete;
    HOCKET_API ~pin_scope();

private:
    int before_;
};

namespace detail {
// Sleeps until the limit comes: whether that was the time.
HOCKET_API bool sleep_within(wait_limit const& limit);
// Sleeps so long, or as runtime_options::sleep does it.
HOCKET_API void sleep_during(std::int64_t ns);
}  // namespace detail

namespace this_fiber {

// Lets every other task that is ready run first; on a plain thread it is sched_yield. [any thread]
HOCKET_API void yield() noexcept;

// For long computations: a yield() every 50 us or so, and nothing at all in between; what it costs then is a call and a
// count, 1 ns. Does nothing on a blocking worker and on a plain thread. [any thread]
HOCKET_API void yield_point() noexcept;

// Suspends for at least `d`; returns at once when it is not positive. A plain thread sleeps. [any thread]
template <class Rep, class Period>
void sleep_for(std::chrono::duration<Rep, Period> d) {
    if (d > d.zero()) detail::sleep_during(detail::to_ns(d));
}
// The same, or until a stop is asked for: whether the whole time has passed. [any thread]
template <class Rep, class Period>
bool sleep_for(std::stop_token const& stop, std::chrono::duration<Rep, Period> d) {
    if (d > d.zero()) return detail::sleep_within({stop, detail::from_now(d)});
    return !stop.stop_requested();
}

// Suspends until `Clock` shows `t`. Throws what Clock::now() throws. [any thread]
template <class Clock, class Duration>
void sleep_until(std::chrono::time_point<Clock, Duration> t) {
    detail::attempt_until(t, [](detail::wait_limit const& limit) {
        detail::sleep_within(limit);
        return false;
    });
}
template <class Clock, class Duration>
bool sleep_until(std::stop_token const& stop, std::chrono::time_point<Clock, Duration> t) {
    bool stopped = false;
    detail::attempt_until(t, &stop, [&](detail::wait_limit const& limit) {
        stopped = !detail::sleep_within(limit);
        return stopped;
    });
    return !stopped;
}

// The running task's id; the empty id outside a task. [any thread]
HOCKET_API fiber_id get_id() noexcept;

// Its name; empty when it has none, and outside a task. Valid while the task lives. [any thread]
HOCKET_API std::string_view name() noexcept;

// True inside a task of a runtime. [any thread]
HOCKET_API bool in_runtime() noexcept;

// The number of the worker that runs this task now: 0 .. workers-1, then the blocking workers; -1 outside a task. May
// change at every suspension unless the task is pinned. [any thread]
HOCKET_API int worker() noexcept;

// Keeps the calling fiber on the worker that it is on, from now until the scope ends, as launch::worker does for a task's
// whole life: auto const stays = this_fiber::pin(); Others wait for that worker as long as it computes, and it for others, so
// keep it short. Who helps out on the blocking pool goes to an ordinary worker first. No effect outside a task. [any thread]
inline pin_scope pin() noexcept { return {}; }

// The task's own memory, reset when the task completes. Throws no_runtime outside a task, std::bad_alloc when the
// first use finds no memory. [fiber]
HOCKET_API hocket::arena& arena();

// The stop token of the fiber object or the runtime this task belongs to; one that can never be asked outside. [any
// thread]
HOCKET_API std::stop_token get_stop_token();

}  // namespace this_fiber
}  // namespace hocket::inline HOCKET_ABI

template <>
struct std::hash<hocket::fiber_id> {
    std::size_t operator()(hocket::fiber_id id) const noexcept { return std::hash<std::uint64_t>{}(id.number()); }
};
