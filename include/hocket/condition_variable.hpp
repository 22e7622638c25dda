// A condition variable for fibers and threads.
#pragma once

#include <chrono>
#include <condition_variable>
#include <hocket/detail/wait_queue.hpp>
#include <hocket/mutex.hpp>
#include <hocket/this_fiber.hpp>

namespace hocket::inline HOCKET_ABI {

using std::cv_status;

// As std::condition_variable, over hocket::mutex. There are no spurious wake-ups, but do not build on it. Destroying
// it while somebody waits is misuse and ends the program.
class condition_variable {
public:
    constexpr condition_variable() noexcept = default;
    condition_variable(condition_variable const&) = delete;
    condition_variable& operator=(condition_variable const&) = delete;
    ~condition_variable() {
        if (waiters_.first != nullptr) destroyed_in_use();
    }

    // Wakes the longest waiter, if any. [any thread]
    HOCKET_API void notify_one() noexcept;
    // Wakes all. [any thread]
    HOCKET_API void notify_all() noexcept;

    // Gives `held` back and waits to be notified, in one step; takes it again before returning. [any thread]
    void wait(std::unique_lock<mutex>& held) { wait_until_ns(held, INT64_MAX); }

    // Waits until `ready()`. [any thread]
    template <class Predicate>
    void wait(std::unique_lock<mutex>& held, Predicate ready) {
        while (!ready()) wait(held);
    }

    // The same with a time limit. Without a predicate: whether the limit passed first. With one: its last value. [any
    // thread]
    template <class Rep, class Period>
    cv_status wait_for(std::unique_lock<mutex>& held, std::chrono::duration<Rep, Period> d) {
        return status(wait_until_ns(held, detail::from_now(d)));
    }
    template <class Rep, class Period, class Predicate>
    bool wait_for(std::unique_lock<mutex>& held, std::chrono::duration<Rep, Period> d, Predicate ready) {
        return wait_predicate(held, detail::from_now(d), ready);
    }
    template <class Clock, class Duration>
    cv_status wait_until(std::unique_lock<mutex>& held, std::chrono::time_point<Clock, Duration> t) {
        return status(wait_until_ns(held, detail::deadline_of(t)));
    }
    template <class Clock, class Duration, class Predicate>
    bool wait_until(std::unique_lock<mutex>& held, std::chrono::time_point<Clock, Duration> t, Predicate ready) {
        return wait_predicate(held, detail::deadline_of(t), ready);
    }

private:
    static cv_status status(bool notified) { return notified ? cv_status::no_timeout : cv_status::timeout; }

    template <class Predicate>
    bool wait_predicate(std::unique_lock<mutex>& held, std::int64_t deadline, Predicate& ready) {
        while (!ready())
            if (!wait_until_ns(held, deadline)) return ready();
        return true;
    }

    // False when the deadline (nanoseconds of steady_clock) came first.
    HOCKET_API bool wait_until_ns(std::unique_lock<mutex>& held, std::int64_t deadline);
    [[noreturn]] HOCKET_API void destroyed_in_use() noexcept;

    detail::wait_queue waiters_;
};

}  // namespace hocket::inline HOCKET_ABI
