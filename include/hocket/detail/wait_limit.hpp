// When a wait is given up: at a time of any clock, or when a stop is asked for.
#pragma once

#include <chrono>
#include <cstdint>
#include <hocket/detail/config.hpp>
#include <stop_token>
#include <type_traits>

namespace hocket::inline HOCKET_ABI::detail {

HOCKET_API std::int64_t now_ns() noexcept;

// Whichever comes first. The token outlives the wait.
struct wait_limit {
    constexpr wait_limit(std::int64_t when = INT64_MAX) noexcept : deadline(when) {}
    wait_limit(std::stop_token const& asked, std::int64_t when = INT64_MAX) noexcept : deadline(when), stop(&asked) {}

    bool none() const noexcept { return deadline == INT64_MAX && stop == nullptr; }

    std::int64_t deadline;                  // nanoseconds of steady_clock; INT64_MAX for none
    std::stop_token const* stop = nullptr;  // null for none
};

// A duration as nanoseconds, rounded up, clamped instead of overflowing.
template <class Rep, class Period>
constexpr std::int64_t to_ns(std::chrono::duration<Rep, Period> d) noexcept {
    double const rough = std::chrono::duration<double, std::nano>(d).count();
    if (rough > 4e18) return INT64_MAX / 2;
    if (rough < -4e18) return INT64_MIN / 2;
    return std::chrono::ceil<std::chrono::nanoseconds>(d).count();
}

// The deadline `d` from now.
template <class Rep, class Period>
std::int64_t from_now(std::chrono::duration<Rep, Period> d) noexcept {
    return now_ns() + to_ns(d);
}

// The deadline of a time point, as its clock goes now. The ends of a clock's range are far away, not an overflow.
template <class Clock, class Duration>
std::int64_t deadline_of(std::chrono::time_point<Clock, Duration> t) {
    using rough = std::chrono::duration<double, std::nano>;
    auto const now = Clock::now();
    rough const apart = rough(t.time_since_epoch()) - rough(now.time_since_epoch());
    return apart.count() > 4e18 || apart.count() < -4e18 ? from_now(apart) : from_now(t - now);
}

// Calls attempt(wait_limit), a wait that says whether it got what it waited for, until it did, `Clock` shows t, or
// `stop` (null for none) was asked: a clock other than steady_clock may have been set back, or be a slow one.
template <class Clock, class Duration, class Attempt>
bool attempt_until(std::chrono::time_point<Clock, Duration> t, std::stop_token const* stop, Attempt attempt) {
    while (true) {
        wait_limit limit(deadline_of(t));
        limit.stop = stop;
        if (attempt(limit)) return true;
        if (std::is_same_v<Clock, std::chrono::steady_clock> || Clock::now() >= t) return false;
        if (stop != nullptr && stop->stop_requested()) return false;
    }
}
template <class Clock, class Duration, class Attempt>
bool attempt_until(std::chrono::time_point<Clock, Duration> t, Attempt attempt) {
    return attempt_until(t, nullptr, attempt);
}

}  // namespace hocket::inline HOCKET_ABI::detail
