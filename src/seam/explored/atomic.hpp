// std::atomic for explored builds: each operation is a scheduling point, then the operation of a std::atomic.
//
// All virtual threads stand on one OS thread, so the operations are sequentially consistent whatever order is asked
// for. The order is handed on for ThreadSanitizer, which tells one that is too weak to publish what it should
// (unwatched.hpp). The point comes before the access, so that another thread can get in between two accesses of the
// same thread. Outside an exploration (static initialisers, test set-up) the point does nothing.
// compare_exchange_weak fails at times for no reason.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstring>
#include <hocket/detail/config.hpp>
#include <type_traits>

#include "seam/explored/point.hpp"

namespace hocket::inline HOCKET_ABI::detail {

template <class T>
class atomic {
    static_assert(std::is_trivially_copyable_v<T>, "std::atomic asks for it too");

    static constexpr bool counts = (std::is_integral_v<T> && !std::is_same_v<T, bool>) || std::is_pointer_v<T>;
    static constexpr bool has_bits = std::is_integral_v<T> && !std::is_same_v<T, bool>;

public:
    using value_type = T;
    using difference_type = std::conditional_t<std::is_pointer_v<T>, std::ptrdiff_t, T>;
    static constexpr bool is_always_lock_free = std::atomic<T>::is_always_lock_free;

    constexpr atomic() noexcept(std::is_nothrow_default_constructible_v<T>) : value_() {}
    constexpr atomic(T value) noexcept : value_(value) {}
    atomic(atomic const&) = delete;
    atomic& operator=(atomic const&) = delete;

    bool is_lock_free() const noexcept { return value_.is_lock_free(); }

    T load(std::memory_order order = std::memory_order_seq_cst) const noexcept {
        point(seam::operation::load);
        return value_.load(order);
    }
    operator T() const noexcept { return load(); }

    void store(T value, std::memory_order order = std::memory_order_seq_cst) noexcept {
        point(seam::operation::store);
        note(peek(), value);
        value_.store(value, order);
    }
    T operator=(T value) noexcept {
        store(value);
        return value;
    }

    T exchange(T value, std::memory_order order = std::memory_order_seq_cst) noexcept {
        point(seam::operation::exchange);
        return note(value_.exchange(value, order), value);
    }

    bool compare_exchange_strong(T& expected, T desired, std::memory_order success,
                                 std::memory_order failure) noexcept {
        point(seam::operation::compare_exchange);
        return note(value_.compare_exchange_strong(expected, desired, success, failure), expected, desired);
    }
    bool compare_exchange_strong(T& expected, T desired, std::memory_order order = std::memory_order_seq_cst) noexcept {
        point(seam::operation::compare_exchange);
        return note(value_.compare_exchange_strong(expected, desired, order), expected, desired);
    }

    bool compare_exchange_weak(T& expected, T desired, std::memory_order success, std::memory_order failure) noexcept {
        point(seam::operation::compare_exchange);
        if (same(peek(), expected) && seam::weak_exchange_fails()) return false;
        return note(value_.compare_exchange_strong(expected, desired, success, failure), expected, desired);
    }
    bool compare_exchange_weak(T& expected, T desired, std::memory_order order = std::memory_order_seq_cst) noexcept {
        point(seam::operation::compare_exchange);
        if (same(peek(), expected) && seam::weak_exchange_fails()) return false;
        return note(value_.compare_exchange_strong(expected, desired, order), expected, desired);
    }

    T fetch_add(difference_type n, std::memory_order order = std::memory_order_seq_cst) noexcept
        requires counts
    {
        point(seam::operation::fetch);
        T const before = value_.fetch_add(n, order);
        return note(before, plus(before, n));
    }
    T fetch_sub(difference_type n, std::memory_order order = std::memory_order_seq_cst) noexcept
        requires counts
    {
        point(seam::operation::fetch);
        T const before = value_.fetch_sub(n, order);
        return note(before, minus(before, n));
    }
    T fetch_and(T bits, std::memory_order order = std::memory_order_seq_cst) noexcept
        requires has_bits
    {
        point(seam::operation::fetch);
        T const before = value_.fetch_and(bits, order);
        return note(before, static_cast<T>(before & bits));
    }
    T fetch_or(T bits, std::memory_order order = std::memory_order_seq_cst) noexcept
        requires has_bits
    {
        point(seam::operation::fetch);
        T const before = value_.fetch_or(bits, order);
        return note(before, static_cast<T>(before | bits));
    }
    T fetch_xor(T bits, std::memory_order order = std::memory_order_seq_cst) noexcept
        requires has_bits
    {
        point(seam::operation::fetch);
        T const before = value_.fetch_xor(bits, order);
        return note(before, static_cast<T>(before ^ bits));
    }

    T operator++() noexcept
        requires counts
    {
        return plus(fetch_add(1), 1);
    }
    T operator++(int) noexcept
        requires counts
    {
        return fetch_add(1);
    }
    T operator--() noexcept
        requires counts
    {
        return minus(fetch_sub(1), 1);
    }
    T operator--(int) noexcept
        requires counts
    {
        return fetch_sub(1);
    }
    T operator+=(difference_type n) noexcept
        requires counts
    {
        return plus(fetch_add(n), n);
    }
    T operator-=(difference_type n) noexcept
        requires counts
    {
        return minus(fetch_sub(n), n);
    }
    T operator&=(T bits) noexcept
        requires has_bits
    {
        return static_cast<T>(fetch_and(bits) & bits);
    }
    T operator|=(T bits) noexcept
        requires has_bits
    {
        return static_cast<T>(fetch_or(bits) | bits);
    }
    T operator^=(T bits) noexcept
        requires has_bits
    {
        return static_cast<T>(fetch_xor(bits) ^ bits);
    }

    // The value without a scheduling point: for the explorer itself, not for the library.
    T peek() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    void point(seam::operation what) const noexcept { seam::point(what, &value_, sizeof value_); }

    static bool same(T const& a, T const& b) noexcept {
        if constexpr (std::is_scalar_v<T>)
            return a == b;
        else
            return std::memcmp(&a, &b, sizeof(T)) == 0;  // as std::atomic compares
    }

    // What a change is worth knowing for: see seam::changes.
    static T note(T before, T after) noexcept {
        if (!same(before, after)) seam::note_change();
        return before;
    }
    static bool note(bool exchanged, T const& before, T const& after) noexcept {
        if (exchanged) note(before, after);
        return exchanged;
    }

    // Integers wrap around, as those of std::atomic do.
    static T plus(T v, difference_type n) noexcept {
        if constexpr (std::is_pointer_v<T>)
            return v + n;
        else
            return static_cast<T>(static_cast<std::make_unsigned_t<T>>(v) + static_cast<std::make_unsigned_t<T>>(n));
    }
    static T minus(T v, difference_type n) noexcept {
        if constexpr (std::is_pointer_v<T>)
            return v - n;
        else
            return static_cast<T>(static_cast<std::make_unsigned_t<T>>(v) - static_cast<std::make_unsigned_t<T>>(n));
    }

    std::atomic<T> value_;
};

}  // namespace hocket::inline HOCKET_ABI::detail
