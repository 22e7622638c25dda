// A count that goes down once, and those who wait for that.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/phases.hpp>
#include <hocket/detail/wait_limit.hpp>
#include <stop_token>

namespace hocket::inline HOCKET_ABI {

namespace detail {
[[noreturn]] HOCKET_API void bad_count(char const* function, std::ptrdiff_t n) noexcept;
}

// As std::latch: waiting suspends a fiber and blocks a plain thread. It may be destroyed as soon as all who wait for it
// have returned; before, that is misuse and ends the program, and so is counting below zero.
class latch {
public:
    static constexpr std::ptrdiff_t max() noexcept { return PTRDIFF_MAX; }

    // expected >= 0.
    constexpr explicit latch(std::ptrdiff_t expected) noexcept
        : count_(expected), open_(detail::phases_of::latch, expected == 0 ? opened : 0) {
        if (expected < 0) detail::bad_count("latch", expected);
    }

    // Takes n off the count, n >= 0; those who wait go on when it comes to zero. [any thread]
    void count_down(std::ptrdiff_t n = 1) noexcept {
        // release: what came before it, for who waits; acquire: the last one passes the others' on
        std::ptrdiff_t const before = count_.fetch_sub(n, detail::acq_rel);
        if (n < 0 || before < n) detail::bad_count("latch::count_down", n);
        if (before == n && n != 0) open_.move(0, opened);
    }
    // Whether the count has come to zero. [any thread]
    bool try_wait() const noexcept { return open_.now() == opened; }
    // Waits until it has. Like all that wait here, it throws cancelled. [any thread]
    void wait() const { open_.wait(0); }
    void arrive_and_wait(std::ptrdiff_t n = 1) {
        count_down(n);
        wait();
    }

    // Waits until the count has come to zero, but not beyond a time or a stop: whether it has. [any thread]
    template <class Rep, class Period>
    bool wait_for(std::chrono::duration<Rep, Period> d) const {
        return open_.wait(0, detail::from_now(d));
    }
    template <class Clock, class Duration>
    bool wait_until(std::chrono::time_point<Clock, Duration> t) const {
        return detail::attempt_until(t, [this](auto const& limit) { return open_.wait(0, limit); });
    }
    bool wait(std::stop_token const& stop) const { return open_.wait(0, stop); }

private:
    static constexpr std::uint32_t opened = detail::phases::step;

    detail::atomic<std::ptrdiff_t> count_;
    mutable detail::phases open_;
};

}  // namespace hocket::inline HOCKET_ABI
