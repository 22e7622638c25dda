// A counting semaphore for fibers and threads.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/wait_limit.hpp>
#include <hocket/detail/wait_queue.hpp>
#include <limits>
#include <stop_token>

namespace hocket::inline HOCKET_ABI {

namespace detail {
// What all counting_semaphores share, whatever their bound.
class semaphore_core {
public:
    explicit constexpr semaphore_core(std::ptrdiff_t permits) noexcept : permits_(permits) {}
    semaphore_core(semaphore_core const&) = delete;
    semaphore_core& operator=(semaphore_core const&) = delete;
    HOCKET_API ~semaphore_core();

    HOCKET_API void release(std::ptrdiff_t n) noexcept;
    // Whether it got one.
    HOCKET_API bool acquire(wait_limit const& limit);
    [[noreturn]] HOCKET_API static void bad_permits(std::ptrdiff_t n) noexcept;
    bool try_acquire() noexcept {
        std::ptrdiff_t n = permits_.load(relaxed);
        // acquire: pairs with the release in release()
        while (n > 0)
            if (permits_.compare_exchange_weak(n, n - 1, detail::acquire, relaxed)) return true;
        return false;
    }

private:
    static constexpr std::ptrdiff_t queued = -1;

    atomic<std::ptrdiff_t> permits_;  // or `queued`
    wait_queue waiters_;
};
}  // namespace detail

// As std::counting_semaphore. Permits go to waiters in the order they came, but a try_acquire, or an acquire that
// finds a permit, may pass them. Destroying it while somebody waits is misuse and ends the program.
template <std::ptrdiff_t LeastMax = std::numeric_limits<std::ptrdiff_t>::max()>
class counting_semaphore {
public:
    // `permits` is in [0, max()].
    constexpr explicit counting_semaphore(std::ptrdiff_t permits) noexcept : core_(permits) {
        if (permits < 0 || permits > LeastMax) detail::semaphore_core::bad_permits(permits);
    }

    static constexpr std::ptrdiff_t max() noexcept { return LeastMax; }

    // Adds n permits, n >= 0; the sum stays within max(). [any thread]
    void release(std::ptrdiff_t n = 1) noexcept { core_.release(n); }
    // Takes one permit; waits until there is one. Like all that wait here, it throws cancelled. [any thread]
    void acquire() { core_.acquire({}); }
    // Takes one if there is one. [any thread]
    bool try_acquire() noexcept { return core_.try_acquire(); }
    // Takes one, or returns false when none came in time. [any thread]
    template <class Rep, class Period>
    bool try_acquire_for(std::chrono::duration<Rep, Period> d) {
        return core_.acquire(detail::from_now(d));
    }
    template <class Clock, class Duration>
    bool try_acquire_until(std::chrono::time_point<Clock, Duration> t) {
        return detail::attempt_until(t, [this](auto const& limit) { return core_.acquire(limit); });
    }
    // The same, and also false when a stop is asked of `stop` first; a permit that is there is taken all the same.
    // [any thread]
    bool acquire(std::stop_token const& stop) { return core_.acquire(stop); }
    template <class Rep, class Period>
    bool try_acquire_for(std::stop_token const& stop, std::chrono::duration<Rep, Period> d) {
        return core_.acquire({stop, detail::from_now(d)});
    }
    template <class Clock, class Duration>
    bool try_acquire_until(std::stop_token const& stop, std::chrono::time_point<Clock, Duration> t) {
        return detail::attempt_until(t, &stop, [this](auto const& limit) { return core_.acquire(limit); });
    }

private:
    detail::semaphore_core core_;
};

using binary_semaphore = counting_semaphore<1>;

}  // namespace hocket::inline HOCKET_ABI
