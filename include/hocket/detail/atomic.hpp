// The atomic type that every word shared between threads in hocket is made of: std::atomic, or in explored builds one
// whose every operation is a scheduling point. Nothing in the library names std::atomic but this file.
#pragma once

#include <hocket/detail/config.hpp>

#ifdef HOCKET_EXPLORED
#include "seam/explored/atomic.hpp"
#else
#include <atomic>

namespace hocket::inline HOCKET_ABI::detail {
template <class T>
using atomic = std::atomic<T>;
}
#endif

namespace hocket::inline HOCKET_ABI::detail {
// The orders by their short names; the header that defines atomic has brought <atomic> along.
inline constexpr auto relaxed = std::memory_order_relaxed;
inline constexpr auto acquire = std::memory_order_acquire;
inline constexpr auto release = std::memory_order_release;
inline constexpr auto acq_rel = std::memory_order_acq_rel;
inline constexpr auto seq_cst = std::memory_order_seq_cst;

// A plain word that a thread may glance at, for a hint, while its owner writes it. Both do it by these; they order
// nothing, and are no scheduling points.
template <class T>
T glance(T const& word) noexcept {
    return std::atomic_ref<T>(const_cast<T&>(word)).load(relaxed);
}
template <class T>
void set_before_glances(T& word, T value) noexcept {
    std::atomic_ref<T>(word).store(value, relaxed);
}
}
