// A channel: values handed from senders to receivers, in order.
//
//     hocket::channel<std::string> lines(16);                // room for 16; a sender waits when it is full
//     hocket::channel<int> now(hocket::rendezvous);          // no room: each send waits for its receiver
//     hocket::channel<event> log(hocket::unbounded);         // a sender never waits; memory is the bound
//     hocket::channel<sample> latest(hocket::sliding(4));    // a sender never waits; the oldest value gives way
//     ...
//     lines.close();                                         // no more will be sent
//     for (std::string& line : lines) use(line);             // until it is closed and empty
//
// What an operation came to is told in one of two ways. Those that wait as long as it takes, send() and recv(), tell
// only whether it was done: all else is the end (closed, or a stop was asked for). Those that may come back with
// nothing done, try_ and _for and _until, return a channel_status.
//
// Order: values leave in the order in which they came in, those of one sender in the order of its sends. Waiting
//   senders and waiting receivers are served in the order in which they came, and nobody passes them.
// Closing: what is buffered is still received; a sender that waits, or comes later, is refused and keeps its value;
//   receivers get what is left, then nothing. All who wait wake. A value whose send succeeded is never lost to close().
// Happens-before: what was done before a send is seen by who receives the value; what was done before close(), by who
//   learns of it.
// A value is moved between two frames under a lock, where nothing can be half done: see channel_value. For a type that
//   is not, send a std::unique_ptr of it.
// Destroying a channel while somebody waits for it is misuse and ends the program.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <hocket/detail/channel_core.hpp>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace hocket::inline HOCKET_ABI {

// What an operation that may come back with nothing done came to.
enum class channel_status : unsigned char {
    success,
    would_block,  // try_ only: a send found it full, a receive found it empty, and it is not closed
    closed,       // a send: refused; a receive: nothing is left and nothing will come
    timeout,      // the time was over first
    stopped,      // a stop was asked for first
};

// The capacity of a channel that never makes a sender wait.
struct unbounded_t {
    explicit unbounded_t() = default;
};
inline constexpr unbounded_t unbounded{};

// The capacity of a channel without a buffer: a send and its receive happen together.
struct rendezvous_t {
    explicit rendezvous_t() = default;
};
inline constexpr rendezvous_t rendezvous{};

// The capacity of a channel that keeps the newest n values; a send into a full one destroys the oldest, after it has
// made room and in the sender. n is at least 1.
struct sliding {
    explicit constexpr sliding(std::size_t n) noexcept : capacity(n) {}
    std::size_t capacity;
};

// What a channel can carry: an object whose move and destruction do not throw. Neither may suspend nor use the channel,
// because a lock is held meanwhile; only the destruction of a value itself, not of what it was moved from, is free of
// that.
template <class T>
concept channel_value = std::is_object_v<T> && !std::is_const_v<T> && std::is_nothrow_move_constructible_v<T> &&
                        std::is_nothrow_destructible_v<T>;

namespace detail {
struct core_of;
}

// A channel of T for fibers and threads, any number on either side.
template <class T>
class channel {
    static_assert(channel_value<T>, "a channel moves its values under a lock: where a move may throw, send a pointer");

public:
    using value_type = T;

    // Room for `capacity` values, allocated here; 0 is a rendezvous. Throws std::bad_alloc. [any thread]
    explicit channel(std::size_t capacity = 0) : core_(type, capacity) {}
    explicit channel(rendezvous_t) : core_(type, 0) {}
    // Its memory grows as it fills. Throws std::bad_alloc. [any thread]
    explicit channel(unbounded_t) : core_(type, detail::channel_core::no_bound) {}
    // Throws std::invalid_argument for a capacity of 0, std::bad_alloc. [any thread]
    explicit channel(sliding s) : core_(type, s.capacity, true) {}

    // Sending. A value that is an rvalue T is moved from only if it is taken: otherwise it is as it was. From all else
    // a T is made first. Each throws std::bad_alloc when an unbounded buffer cannot grow; nothing was sent then.

    // Hands `value` over; waits while there is no room. False when the channel is closed. Like all that wait here, it
    // throws cancelled: nothing was sent then. [any thread]
    template <class U = T>
        requires std::convertible_to<U, T>
    [[nodiscard]] bool send(U&& value) {
        return give(std::forward<U>(value), {}) == channel_status::success;
    }
    // The same; false also when it would wait and a stop is asked for, before or meanwhile. [any thread]
    template <class U = T>
        requires std::convertible_to<U, T>
    [[nodiscard]] bool send(U&& value, std::stop_token const& stop) {
        return give(std::forward<U>(value), stop) == channel_status::success;
    }
    // The same without waiting: would_block when there is no room now. [any thread]
    template <class U = T>
        requires std::convertible_to<U, T>
    [[nodiscard]] channel_status try_send(U&& value) {
        return give(std::forward<U>(value), 0);
    }
    // The same; waits until `d` has passed, or until `t`, or until a stop is asked for. Tries once in any case. [any
    // thread]
    template <class U = T, class Rep, class Period>
        requires std::convertible_to<U, T>
    [[nodiscard]] channel_status send_for(U&& value, std::chrono::duration<Rep, Period> d) {
        return in_time(give(std::forward<U>(value), detail::from_now(d)));
    }
    template <class U = T, class Rep, class Period>
        requires std::convertible_to<U, T>
    [[nodiscard]] channel_status send_for(U&& value, std::stop_token const& stop,
                                          std::chrono::duration<Rep, Period> d) {
        return in_time(give(std::forward<U>(value), {stop, detail::from_now(d)}));
    }
    template <class U = T, class Clock, class Duration>
        requires std::convertible_to<U, T>
    [[nodiscard]] channel_status send_until(U&& value, std::chrono::time_point<Clock, Duration> t) {
        return given_until(std::forward<U>(value), nullptr, t);
    }
    template <class U = T, class Clock, class Duration>
        requires std::convertible_to<U, T>
    [[nodiscard]] channel_status send_until(U&& value, std::stop_token const& stop,
                                            std::chrono::time_point<Clock, Duration> t) {
        return given_until(std::forward<U>(value), &stop, t);
    }

    // Receiving. `to` gets the value, in place of what it held, only where the status is success.

    // The next value; waits for one. Empty when the channel is closed and nothing is left. Like all that wait here, it
    // throws cancelled: nothing was received then. [any thread]
    [[nodiscard]] std::optional<T> recv() { return taken({}); }
    // The same; empty also when it would wait and a stop is asked for, before or meanwhile. [any thread]
    [[nodiscard]] std::optional<T> recv(std::stop_token const& stop) { return taken(stop); }
    // The same without waiting: would_block when there is none now. [any thread]
    [[nodiscard]] channel_status try_recv(std::optional<T>& to) noexcept { return take(to, 0); }
    // The same; waits until `d` has passed, or until `t`, or until a stop is asked for. Tries once in any case. [any
    // thread]
    template <class Rep, class Period>
    [[nodiscard]] channel_status recv_for(std::optional<T>& to, std::chrono::duration<Rep, Period> d) {
        return in_time(take(to, detail::from_now(d)));
    }
    template <class Rep, class Period>
    [[nodiscard]] channel_status recv_for(std::optional<T>& to, std::stop_token const& stop,
                                          std::chrono::duration<Rep, Period> d) {
        return in_time(take(to, {stop, detail::from_now(d)}));
    }
    template <class Clock, class Duration>
    [[nodiscard]] channel_status recv_until(std::optional<T>& to, std::chrono::time_point<Clock, Duration> t) {
        return until(t, nullptr, [&](auto const& limit) { return take(to, limit); });
    }
    template <class Clock, class Duration>
    [[nodiscard]] channel_status recv_until(std::optional<T>& to, std::stop_token const& stop,
                                            std::chrono::time_point<Clock, Duration> t) {
        return until(t, &stop, [&](auto const& limit) { return take(to, limit); });
    }

    // Refuses further sends and wakes all who wait. False when it was closed already: then nothing happens. [any
    // thread]
    bool close() noexcept { return core_.close(); }
    // Whether it has been closed; there may be something left to receive. [any thread]
    bool closed() const noexcept { return core_.closed(); }

    // Values buffered now: those of senders that wait do not count. [any thread]
    std::size_t size() const noexcept { return core_.size(); }
    // How many may be buffered; SIZE_MAX when it is unbounded. [any thread]
    std::size_t capacity() const noexcept { return core_.capacity(); }
    // Values that a sliding channel has destroyed to make room. [any thread]
    std::uint64_t dropped() const noexcept { return core_.dropped(); }

    // Receives until the channel is closed and nothing is left: for (T& value : ch). An input iterator: each begin()
    // and each ++ receives, and waits; the value it shows is its own. [any thread]
    class iterator {
    public:
        using iterator_concept = std::input_iterator_tag;
        using value_type = T;
        using difference_type = std::ptrdiff_t;
        explicit iterator(channel& from) : from_(&from), value_(from.recv()) {}
        iterator(iterator&&) noexcept = default;
        iterator& operator=(iterator&& other) noexcept {
            from_ = other.from_;
            replace(other.value_);
            return *this;
        }
        T& operator*() const noexcept { return *value_; }
        T* operator->() const noexcept { return std::addressof(*value_); }
        iterator& operator++() {
            std::optional<T> next = from_->recv();
            replace(next);
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(iterator const& i, std::default_sentinel_t) noexcept { return !i.value_.has_value(); }

    private:
        // T need not be assignable.
        void replace(std::optional<T>& by) noexcept {
            value_.reset();
            if (by) value_.emplace(std::move(*by));
        }

        channel* from_;
        mutable std::optional<T> value_;
    };
    iterator begin() { return iterator(*this); }
    std::default_sentinel_t end() noexcept { return {}; }

private:
    friend struct detail::core_of;

    // Calls attempt(address of a T).
    template <class U, class Attempt>
    static channel_status with_item(U&& value, Attempt attempt) {
        if constexpr (std::same_as<U, T>) {
            return attempt(std::addressof(value));
        } else {
            T made(std::forward<U>(value));
            return attempt(std::addressof(made));
        }
    }
    template <class U>
    channel_status give(U&& value, detail::wait_limit limit) {
        return with_item(std::forward<U>(value), [&](void* item) { return core_.send(item, limit); });
    }
    template <class U, class Clock, class Duration>
    channel_status given_until(U&& value, std::stop_token const* stop, std::chrono::time_point<Clock, Duration> t) {
        return with_item(std::forward<U>(value), [&](void* item) {
            return until(t, stop, [&](auto const& limit) { return core_.send(item, limit); });
        });
    }
    std::optional<T> taken(detail::wait_limit limit) {
        detail::landing_place<T> place;
        if (core_.receive(place.bytes, limit) != channel_status::success) return std::nullopt;
        return place.take();
    }
    channel_status take(std::optional<T>& to, detail::wait_limit limit) {
        detail::landing_place<T> place;
        channel_status const s = core_.receive(place.bytes, limit);
        if (s == channel_status::success) place.take(to);
        return s;
    }
    // A deadline may be so long ago that it is none.
    static channel_status in_time(channel_status s) noexcept {
        return s == channel_status::would_block ? channel_status::timeout : s;
    }
    template <class Clock, class Duration, class Attempt>
    static channel_status until(std::chrono::time_point<Clock, Duration> t, std::stop_token const* stop,
                                Attempt attempt) {
        channel_status s{};
        detail::attempt_until(t, stop, [&](detail::wait_limit const& limit) {
            s = in_time(attempt(limit));
            return s != channel_status::timeout;
        });
        return s;
    }

    static constexpr detail::item_type type{
        [](void* to, void* from) noexcept {
            ::new (to) T(std::move(*static_cast<T*>(from)));
            static_cast<T*>(from)->~T();
        },
        [](void* to, void* from) noexcept { ::new (to) T(std::move(*static_cast<T*>(from))); },
        [](void* item) noexcept { static_cast<T*>(item)->~T(); },
        [](void* item, void (*then)(void*) noexcept, void* what) noexcept {
            [[maybe_unused]] T const outlives(std::move(*static_cast<T*>(item)));
            static_cast<T*>(item)->~T();
            then(what);
        },
        sizeof(T), alignof(T)};

    detail::channel_core core_;
};

namespace detail {
// For select.
struct core_of {
    template <class T>
    static channel_core& of(channel<T>& c) noexcept {
        return c.core_;
    }
};
}  // namespace detail

}  // namespace hocket::inline HOCKET_ABI
