// Doing something again and again, at a fixed rate.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <hocket/detail/wait_limit.hpp>
#include <hocket/fiber.hpp>
#include <hocket/launch.hpp>
#include <hocket/this_fiber.hpp>
#include <stdexcept>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace hocket::inline HOCKET_ABI {

// Ticks at fixed times, one period after the other from its construction on, whatever is done in between: it does not
// drift. Used by one fiber or thread at a time.
class ticker {
public:
    // Throws std::invalid_argument unless the period is at least a nanosecond. [any thread]
    template <class Rep, class Period>
    explicit ticker(std::chrono::duration<Rep, Period> period) : period_(detail::to_ns(period)) {
        if (period_ < 1) throw std::invalid_argument("hocket: a ticker's period is at least a nanosecond");
        reset();
    }

    // Waits for the next tick: how many have come since the last one, 1 or, if the caller was late, more, which are skipped.
    // Throws cancelled. [any thread]
    std::uint64_t wait() { return wait_within(next_); }
    // The same, or until a stop is asked for: 0 then. [any thread]
    std::uint64_t wait(std::stop_token const& stop) {
        return stop.stop_requested() ? 0 : wait_within({stop, next_});
    }

    // The next tick is a period from now. [any thread]
    void reset() noexcept { next_ = detail::now_ns() + period_; }

private:
    std::uint64_t wait_within(detail::wait_limit const& limit) {
        if (detail::now_ns() < next_ && !detail::sleep_within(limit)) return 0;
        std::int64_t const ticks = (detail::now_ns() - next_) / period_ + 1;
        next_ += ticks * period_;
        return static_cast<std::uint64_t>(ticks);
    }

    std::int64_t const period_;  // ns
    std::int64_t next_ = 0;      // of steady_clock
};

// Calls f() once every period, the first time a period from now, until it is asked to stop: in a task, whose fiber object
// is returned; its destructor stops it, and waits for a call that is on its way. A call that takes longer than a period
// skips those that it missed. What f throws ends it as it does every fiber. Throws as go() does, and as ticker. [fiber]
template <class Rep, class Period, class F>
    requires std::invocable<std::decay_t<F>&>
[[nodiscard]] fiber every(launch const& how, std::chrono::duration<Rep, Period> period, F&& f) {
    auto again = [ticks = ticker(period), call = std::decay_t<F>(std::forward<F>(f))](std::stop_token const& stop) mutable {
        while (ticks.wait(stop) != 0) std::invoke(call);
    };
    return fiber(how, std::move(again));
}
template <class Rep, class Period, class F>
    requires std::invocable<std::decay_t<F>&>
[[nodiscard]] fiber every(std::chrono::duration<Rep, Period> period, F&& f) {
    return every(launch{}, period, std::forward<F>(f));
}

}  // namespace hocket::inline HOCKET_ABI
