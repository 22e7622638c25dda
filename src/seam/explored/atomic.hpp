// std::atomic for explored builds: each operation is a scheduling point, then a plain access.
//
// All virtual threads stand on one OS thread, so a plain access is indivisible, and the operations are sequentially
// consistent whatever order is asked for: an order that is too weak is not found here. The point comes before the
// access, so that another thread can get in between two accesses of the same thread. Outside an exploration (static
// initialisers, test set-up) the point does nothing. compare_exchange_weak fails at times for no reason.
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
    static constexpr bool is_always_lock_free = true;

    constexpr atomic() noexcept(std::is_nothrow_default_constructible_v<T>) : value_() {}
    constexpr atomic(T value) noexcept : value_(value) {}
    atomic(atomic const&) = delete;
    atomic& operator=(atomic const&) = delete;

    bool is_lock_free() const noexcept { return true; }

    T load(std::memory_order = std::memory_order_seq_cst) const noexcept {
        point(seam::operation::load);
        return value_;
    }
    operator T() const noexcept { return load(); }

    void store(T value, std::memory_order = std::memory_order_seq_cst) noexcept {
        point(seam::operation::store);
        set(value);
    }
    T operator=(T value) noexcept {
        store(value);
        return value;
    }

    T exchange(T value, std::memory_order = std::memory_order_seq_cst) noexcept {
        point(seam::operation::exchange);
        T const before = value_;
        set(value);
        return before;
    }

    bool compare_exchange_strong(T& expected, T desired, std::memory_order, std::memory_order) noexcept {
        point(seam::operation::compare_exchange);
        return exchange_if(expected, desired);
    }
    bool compare_exchange_strong(T& expected, T desired,
                                 std::memory_order = std::memory_order_seq_cst) noexcept {
        point(seam::operation::compare_exchange);
        return exchange_if(expected, desired);
    }

    bool compare_exchange_weak(T& expected, T desired, std::memory_order, std::memory_order) noexcept {
        return compare_exchange_weak(expected, desired);
    }
    bool compare_exchange_weak(T& expected, T desired, std::memory_order = std::memory_order_seq_cst) noexcept {
        point(seam::operation::compare_exchange);
        if (same(value_, expected) && seam::weak_exchange_fails()) return false;
        return exchange_if(expected, desired);
    }

    T fetch_add(difference_type n, std::memory_order = std::memory_order_seq_cst) noexcept
        requires counts
    {
        return update([n](T v) { return plus(v, n); });
    }
    T fetch_sub(difference_type n, std::memory_order = std::memory_order_seq_cst) noexcept
        requires counts
    {
        return update([n](T v) { return minus(v, n); });
    }
    T fetch_and(T bits, std::memory_order = std::memory_order_seq_cst) noexcept
        requires has_bits
    {
        return update([bits](T v) { return static_cast<T>(v & bits); });
    }
    T fetch_or(T bits, std::memory_order = std::memory_order_seq_cst) noexcept
        requires has_bits
    {
        return update([bits](T v) { return static_cast<T>(v | bits); });
    }
    T fetch_xor(T bits, std::memory_order = std::memory_order_seq_cst) noexcept
        requires has_bits
    {
        return update([bits](T v) { return static_cast<T>(v ^ bits); });
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
    T peek() const noexcept { return value_; }

private:
    void point(seam::operation what) const noexcept { seam::point(what, &value_, sizeof value_); }

    static bool same(T const& a, T const& b) noexcept {
        if constexpr (std::is_scalar_v<T>)
            return a == b;
        else
            return std::memcmp(&a, &b, sizeof(T)) == 0;  // as std::atomic compares
    }

    void set(T value) noexcept {
        if (!same(value_, value)) ++seam::changes;
        value_ = value;
    }

    bool exchange_if(T& expected, T desired) noexcept {
        if (!same(value_, expected)) {
            expected = value_;
            return false;
        }
        set(desired);
        return true;
    }

    template <class F>
    T update(F change) noexcept {
        point(seam::operation::fetch);
        T const before = value_;
        set(change(before));
        return before;
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

    alignas(std::atomic<T>) T value_;
};

}  // namespace hocket::inline HOCKET_ABI::detail
