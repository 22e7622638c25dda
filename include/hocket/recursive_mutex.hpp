// Mutexes that their owner may lock again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/timed_lock.hpp>
#include <hocket/timed_mutex.hpp>

namespace hocket::inline HOCKET_ABI {

namespace detail {
// A number for the calling task, or for the thread that is in none: never 0. [any thread]
HOCKET_API std::uint64_t caller_number() noexcept;
[[noreturn]] HOCKET_API void unlocked_by_stranger() noexcept;
}  // namespace detail

// As std::recursive_timed_mutex; try_lock_for() and its kin are those of timed_lock.hpp. Its owner is a task, wherever
// it runs, or a thread outside any. What a task has forked (parallel_for and its kin) is a task of its own and waits
// for the mutex like any other. Unlocking it by another, and destroying it while it is held, is misuse and ends the
// program.
class recursive_timed_mutex : public detail::timed_lock<recursive_timed_mutex> {
public:
    recursive_timed_mutex() noexcept = default;

    // Takes the mutex, once more if the caller has it; waits while another holds it. [any thread]
    using detail::timed_lock<recursive_timed_mutex>::lock;
    void lock() noexcept {
        own([this] {
            mutex_.lock();
            return true;
        });
    }
    // Takes it if it is free or the caller's. [any thread]
    bool try_lock() noexcept {
        return own([this] { return mutex_.try_lock(); });
    }
    // Gives it back when it has been called as often as it was locked. [any thread]
    void unlock() noexcept {
        // relaxed: only the caller writes the caller's number
        if (owner_.load(detail::relaxed) != detail::caller_number()) detail::unlocked_by_stranger();
        if (--depth_ != 0) return;
        owner_.store(0, detail::relaxed);
        mutex_.unlock();
    }

private:
    friend class detail::timed_lock<recursive_timed_mutex>;
    bool lock_within(detail::wait_limit const& limit) noexcept {
        return own([&] { return mutex_.lock_within(limit); });
    }

    // take() waits for mutex_ and says whether the caller has it.
    template <class Take>
    bool own(Take take) noexcept {
        std::uint64_t const caller = detail::caller_number();
        if (owner_.load(detail::relaxed) != caller) {
            if (!take()) return false;
            owner_.store(caller, detail::relaxed);
        }
        ++depth_;
        return true;
    }

    timed_mutex mutex_;
    detail::atomic<std::uint64_t> owner_{0};  // by number; 0 for nobody
    std::size_t depth_ = 0;                   // how often he has it; guarded by mutex_
};

// As std::recursive_mutex: recursive_timed_mutex without the limits.
class recursive_mutex : private recursive_timed_mutex {
public:
    void lock() noexcept { recursive_timed_mutex::lock(); }
    using recursive_timed_mutex::try_lock;
    using recursive_timed_mutex::unlock;
};

}  // namespace hocket::inline HOCKET_ABI
