// select: whichever of several sends and receives can be done first, once.
//
//     hocket::select(
//         hocket::on_recv(orders, [&](std::optional<order> o) { if (o) serve(*o); else open = false; }).when(open),
//         hocket::on_send(meals, std::move(dish), [&](bool sent) { if (sent) dish = cook(); }),
//         hocket::on_timeout(10ms, [&] { complain(); }),
//         hocket::on_stop(token, [&] { go_home(); }));
//
// Cases are values and select() is a function, so that a case can be made by a function, be guarded, and hold what any
// other call can hold; no macro and no operator has to be learnt. What a case's function gets is what the plain call
// returns: recv() an optional, send() a bool.
//
// Effect: exactly one case is carried out, its function is called by the caller of select(), with no lock held (it may
//   suspend, throw, and select again), and its index among the arguments is returned. Among several that are ready the
//   choice is fair: each is as likely as the others. No case is looked at before or after the others: that none was
//   ready means at one moment.
// Closed: what would not wait is ready, as it is for the plain calls: a receive from a channel that is closed and empty
//   (its function gets nothing), a send to a closed one (its function gets false). In a loop leave such a case out by
//   when(false), or it will be taken again and again.
// The value of a send: an rvalue T is moved from if and only if its case is carried out and gets true. It may be
//   offered again, in the next select. From all else the case makes itself a T.
// The same channel may stand in several cases, also to send and to receive: a select never receives what it sends
// itself.
// Errors: std::bad_alloc when an unbounded channel cannot grow; nothing was done then. What the function throws. A
//   select without a case that can ever be ready is misuse and ends the program.
// Cases refer to their arguments: they are written where select() is called, not kept.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <hocket/channel.hpp>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace hocket::inline HOCKET_ABI {

namespace detail {

// What a case waits for beside channels, at most once in a select.
enum class case_kind : unsigned char { channel, limit, stop };

// Cases have enter(), where they say what they wait for; meant(), whether it is what happened; call().
struct case_base {
    case_base() = default;
    case_base(case_base const&) = delete;
    case_base& operator=(case_base const&) = delete;
};

template <class Case>
struct channel_case : case_base {
    static constexpr case_kind kind = case_kind::channel;

    explicit channel_case(channel_core& c) noexcept : on(&c) {}

    // Leaves the case out where `possible` is false.
    [[nodiscard]] Case&& when(bool possible) && noexcept {
        if (!possible) on = nullptr;
        return static_cast<Case&&>(*this);
    }
    bool meant(std::size_t self, select_outcome o) const noexcept {
        return o.index == self && (o.status == channel_status::success || o.status == channel_status::closed);
    }

    channel_core* on;
};

template <class T, class F>
struct receive_case : channel_case<receive_case<T, F>> {
    receive_case(channel<T>& from, F f)
        : channel_case<receive_case>(core_of::of(from)), function(std::move(f)) {}

    void enter(select_case& c, wait_limit&) noexcept {
        c.on = this->on;
        c.item = place.bytes;
    }
    void call(channel_status s) {
        std::optional<T> value;
        if (s == channel_status::success) place.take(value);
        std::move(function)(std::move(value));
    }

    F function;
    landing_place<T> place;
};

// Value is T, or T&& for one that stays the caller's until it is taken.
template <class T, class Value, class F>
struct send_case : channel_case<send_case<T, Value, F>> {
    template <class U>
    send_case(channel<T>& to, U&& v, F f)
        : channel_case<send_case>(core_of::of(to)), function(std::move(f)), value(std::forward<U>(v)) {}

    void enter(select_case& c, wait_limit&) noexcept {
        c.on = this->on;
        c.item = std::addressof(value);
        c.sends = true;
    }
    void call(channel_status s) { std::move(function)(s == channel_status::success); }

    F function;
    Value value;
};

// The deadline or, with `status` would_block, the moment itself.
template <class F, channel_status Status>
struct limit_case : case_base {
    static constexpr case_kind kind = case_kind::limit;

    limit_case(std::int64_t when, F f) : deadline(when), function(std::move(f)) {}

    void enter(select_case&, wait_limit& l) const noexcept { l.deadline = deadline; }
    bool meant(std::size_t, select_outcome o) const noexcept { return o.status == Status; }
    void call(channel_status) { std::move(function)(); }

    std::int64_t deadline;
    F function;
};

template <class F>
struct stop_case : case_base {
    static constexpr case_kind kind = case_kind::stop;

    stop_case(std::stop_token t, F f) : token(std::move(t)), function(std::move(f)) {}

    void enter(select_case&, wait_limit& l) const noexcept { l.stop = &token; }
    bool meant(std::size_t, select_outcome o) const noexcept { return o.status == channel_status::stopped; }
    void call(channel_status) { std::move(function)(); }

    std::stop_token token;
    F function;
};

}  // namespace detail

// Receives from `from`: f(std::optional<T>) gets the value, or nothing when the channel is closed and nothing is left.
template <class T, class F>
    requires std::invocable<F, std::optional<T>>
[[nodiscard]] auto on_recv(channel<T>& from, F f) {
    return detail::receive_case<T, F>(from, std::move(f));
}

// Sends `value` to `to`: f(bool) is told whether it was taken, or the channel is closed.
template <class T, class U = T, class F>
    requires std::convertible_to<U, T> && std::invocable<F, bool>
[[nodiscard]] auto on_send(channel<T>& to, U&& value, F f) {
    using kept = std::conditional_t<std::same_as<U, T>, T&&, T>;
    return detail::send_case<T, kept, F>(to, std::forward<U>(value), std::move(f));
}

// Calls f() when no other case was ready for `d` from now, or until `t` (as its clock goes now).
template <class Rep, class Period, std::invocable F>
[[nodiscard]] auto on_timeout(std::chrono::duration<Rep, Period> d, F f) {
    // A deadline of 0 would be a moment that never waits.
    std::int64_t const when = detail::from_now(d);
    return detail::limit_case<F, channel_status::timeout>(when > 0 ? when : 1, std::move(f));
}
template <class Clock, class Duration, std::invocable F>
[[nodiscard]] auto on_timeout(std::chrono::time_point<Clock, Duration> t, F f) {
    return on_timeout(std::chrono::nanoseconds(detail::deadline_of(t) - detail::now_ns()), std::move(f));
}

// Calls f() when no other case is ready now: such a select never waits.
template <std::invocable F>
[[nodiscard]] auto otherwise(F f) {
    return detail::limit_case<F, channel_status::would_block>(0, std::move(f));
}

// Calls f() when it would wait and a stop is asked for, before or meanwhile.
template <std::invocable F>
[[nodiscard]] auto on_stop(std::stop_token token, F f) {
    return detail::stop_case<F>(std::move(token), std::move(f));
}

// Carries out one of the cases: see above. Returns which, counted from 0 in the order of the arguments. At most one of
// them is on_timeout() or otherwise(), at most one on_stop(). [any thread]
template <class... Cases>
    requires(sizeof...(Cases) != 0 && (std::derived_from<Cases, detail::case_base> && ...))
std::size_t select(Cases&&... cases) {
    using detail::case_kind;
    static_assert((0 + ... + (Cases::kind == case_kind::limit)) <= 1, "one on_timeout() or otherwise() at most");
    static_assert((0 + ... + (Cases::kind == case_kind::stop)) <= 1, "one on_stop() at most");
    detail::select_case entries[sizeof...(Cases)];
    detail::wait_limit limit;
    std::size_t n = 0;
    (cases.enter(entries[n++], limit), ...);
    detail::select_outcome const outcome = detail::select_among(entries, n, limit);
    std::size_t self = 0, taken = 0;
    auto const offer = [&](auto& one) {
        if (one.meant(self++, outcome)) {
            taken = self - 1;
            one.call(outcome.status);
        }
    };
    (offer(cases), ...);
    return taken;
}

}  // namespace hocket::inline HOCKET_ABI
