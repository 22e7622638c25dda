// Condition variables for fibers and threads.
#pragma once

#include <chrono>
#include <concepts>
#include <condition_variable>
#include <hocket/detail/wait_limit.hpp>
#include <hocket/detail/wait_queue.hpp>
#include <hocket/mutex.hpp>
#include <mutex>
#include <stop_token>
#include <utility>

namespace hocket::inline HOCKET_ABI {

using std::cv_status;

namespace detail {
// Waiting for a condition, whatever the lock.
class condition_core {
public:
    constexpr condition_core() noexcept = default;
    condition_core(condition_core const&) = delete;
    condition_core& operator=(condition_core const&) = delete;
    ~condition_core() {
        if (waiters_.first != nullptr) destroyed_in_use();
    }

    HOCKET_API void notify_one() noexcept;
    HOCKET_API void notify_all() noexcept;

    // Whether it was notified before the limit came.
    template <class Lock>
    bool wait(Lock& held, wait_limit const& limit) {
        if constexpr (requires { held.owns_lock(); })
            if (!held.owns_lock()) waited_without_lock();
        static constexpr how_to ways = {[](void* l) noexcept { static_cast<Lock*>(l)->unlock(); },
                                        [](void* l) noexcept { static_cast<Lock*>(l)->lock(); }};
        return wait(&held, ways, limit);
    }

private:
    struct how_to {
        void (*unlock)(void*) noexcept;
        void (*lock)(void*) noexcept;
    };
    HOCKET_API bool wait(void* held, how_to const& ways, wait_limit const& limit);
    [[noreturn]] HOCKET_API void destroyed_in_use() noexcept;
    [[noreturn]] HOCKET_API void waited_without_lock() noexcept;

    wait_queue waiters_;
};

template <class Lock, class Only>
concept fits_condition = std::is_void_v<Only> || std::same_as<Lock, Only>;

// A condition variable for locks of type `Only`; void: for any that has lock() and unlock().
template <class Only>
class basic_condition_variable {
public:
    basic_condition_variable() noexcept = default;

    // Wakes the longest waiter, if any. [any thread]
    void notify_one() noexcept { core_.notify_one(); }
    // Wakes all. [any thread]
    void notify_all() noexcept { core_.notify_all(); }

    // Gives `held` back and waits to be notified, in one step; takes it again before returning, and before throwing
    // cancelled, as all of these may. [any thread]
    template <fits_condition<Only> Lock>
    void wait(Lock& held) {
        core_.wait(held, {});
    }
    // Waits until `ready()`. [any thread]
    template <fits_condition<Only> Lock, class Predicate>
    void wait(Lock& held, Predicate ready) {
        while (!ready()) wait(held);
    }

    // The same with a time limit. Without a predicate: whether the limit passed first. With one: its last value. [any
    // thread]
    template <fits_condition<Only> Lock, class Rep, class Period>
    cv_status wait_for(Lock& held, std::chrono::duration<Rep, Period> d) {
        return core_.wait(held, from_now(d)) ? cv_status::no_timeout : cv_status::timeout;
    }
    template <fits_condition<Only> Lock, class Rep, class Period, class Predicate>
    bool wait_for(Lock& held, std::chrono::duration<Rep, Period> d, Predicate ready) {
        return wait_within(held, from_now(d), ready);
    }
    // `Clock` decides whether the limit has passed: where it was set back meanwhile this returns early, as if it had
    // been notified. Throws what Clock::now() throws. [any thread]
    template <fits_condition<Only> Lock, class Clock, class Duration>
    cv_status wait_until(Lock& held, std::chrono::time_point<Clock, Duration> t) {
        bool const notified = core_.wait(held, deadline_of(t));
        return notified || Clock::now() < t ? cv_status::no_timeout : cv_status::timeout;
    }
    template <fits_condition<Only> Lock, class Clock, class Duration, class Predicate>
    bool wait_until(Lock& held, std::chrono::time_point<Clock, Duration> t, Predicate ready) {
        return attempt_until(t, [&](wait_limit const& limit) { return wait_within(held, limit, ready); });
    }

    // The same, and also until a stop is asked of `stop`: the last value of the predicate. [any thread]
    template <fits_condition<Only> Lock, class Predicate>
    bool wait(Lock& held, std::stop_token stop, Predicate ready) {
        return wait_within(held, stop, ready);
    }
    template <fits_condition<Only> Lock, class Rep, class Period, class Predicate>
    bool wait_for(Lock& held, std::stop_token stop, std::chrono::duration<Rep, Period> d, Predicate ready) {
        return wait_within(held, {stop, from_now(d)}, ready);
    }
    template <fits_condition<Only> Lock, class Clock, class Duration, class Predicate>
    bool wait_until(Lock& held, std::stop_token stop, std::chrono::time_point<Clock, Duration> t, Predicate ready) {
        return attempt_until(t, &stop, [&](wait_limit const& limit) { return wait_within(held, limit, ready); });
    }

private:
    template <class Lock, class Predicate>
    bool wait_within(Lock& held, wait_limit const& limit, Predicate& ready) {
        while (!ready()) {
            if (limit.stop != nullptr && limit.stop->stop_requested()) return false;
            if (!core_.wait(held, limit)) return ready();
        }
        return true;
    }

    condition_core core_;
};
}  // namespace detail

// As std::condition_variable, over hocket::mutex, with the stop_token waits of std::condition_variable_any as well. Its
// members are those of detail::basic_condition_variable. There are no spurious wake-ups, but do not build on it. It may
// be destroyed when all who wait have been notified; before, that is misuse and ends the program, and so is waiting
// without holding the lock.
class condition_variable : public detail::basic_condition_variable<std::unique_lock<mutex>> {};

// As std::condition_variable_any: the same for any lock that has lock() and unlock(), which must not throw.
class condition_variable_any : public detail::basic_condition_variable<void> {};

}  // namespace hocket::inline HOCKET_ABI
