// The ways to give up waiting for a mutex: what the timed, recursive and shared ones have in common.
#pragma once

#include <chrono>
#include <hocket/detail/wait_limit.hpp>
#include <stop_token>

namespace hocket::inline HOCKET_ABI::detail {

// `Mutex` has lock_within(wait_limit), which says whether the caller has it now. Each of these tries before it waits.
template <class Mutex>
class timed_lock {
public:
    // Takes the mutex, or returns false when `d` has passed first. [any thread]
    template <class Rep, class Period>
    bool try_lock_for(std::chrono::duration<Rep, Period> d) noexcept {
        return self().lock_within(from_now(d));
    }
    // Or false when `Clock` shows `t` first. Throws what Clock::now() throws. [any thread]
    template <class Clock, class Duration>
    bool try_lock_until(std::chrono::time_point<Clock, Duration> t) {
        return attempt_until(t, [this](wait_limit const& limit) { return self().lock_within(limit); });
    }

    // The same, and also false when a stop is asked of `stop` first; where the mutex is free it is taken all the same.
    // [any thread]
    bool lock(std::stop_token const& stop) noexcept { return self().lock_within(stop); }
    template <class Rep, class Period>
    bool try_lock_for(std::stop_token const& stop, std::chrono::duration<Rep, Period> d) noexcept {
        return self().lock_within({stop, from_now(d)});
    }
    template <class Clock, class Duration>
    bool try_lock_until(std::stop_token const& stop, std::chrono::time_point<Clock, Duration> t) {
        return attempt_until(t, &stop, [this](wait_limit const& limit) { return self().lock_within(limit); });
    }

private:
    friend Mutex;
    timed_lock() noexcept = default;
    Mutex& self() noexcept { return static_cast<Mutex&>(*this); }
};

}  // namespace hocket::inline HOCKET_ABI::detail
