// A mutex for fibers and threads.
#pragma once

#include <hocket/detail/atomic.hpp>
#include <hocket/detail/wait_limit.hpp>
#include <hocket/detail/wait_queue.hpp>
#include <mutex>

namespace hocket::inline HOCKET_ABI {

// As std::mutex: a fiber that finds it held is suspended, a plain thread blocks. Ownership is handed to the longest
// waiter, so nobody starves. Whoever locks must unlock, but a fiber may do so from another thread than it locked on.
// Destroying a held mutex, or one with waiters, is misuse and ends the program.
class mutex {
public:
    constexpr mutex() noexcept = default;
    mutex(mutex const&) = delete;
    mutex& operator=(mutex const&) = delete;
    ~mutex() {
        if (state_.load(detail::relaxed) != 0) destroyed_in_use();
    }

    // Takes the mutex; waits while another holds it. [any thread]
    void lock() noexcept {
        // Over whatever was there: lock_slow() sets it right. acquire: pairs with the release in unlock()
        if (state_.exchange(held, detail::acquire) != 0) lock_slow({});
    }

    // Takes the mutex if it is free. [any thread]
    bool try_lock() noexcept {
        std::uint32_t free = 0;
        return state_.compare_exchange_strong(free, held, detail::acquire, detail::relaxed);
    }

    // Gives it back, to the longest waiter if there is one. The caller holds it. [any thread]
    void unlock() noexcept {
        if (state_.fetch_sub(held, detail::release) != held) unlock_slow();
    }

protected:
    // Whether the caller has it now. For those with a limit: timed_mutex.
    HOCKET_API bool lock_slow(detail::wait_limit const& limit) noexcept;

private:
    HOCKET_API void unlock_slow() noexcept;
    [[noreturn]] HOCKET_API void destroyed_in_use() noexcept;

    static constexpr std::uint32_t held = 1;
    static constexpr std::uint32_t contended = 2;  // somebody is in waiters_

    detail::atomic<std::uint32_t> state_{0};
    detail::wait_queue waiters_;
};

}  // namespace hocket::inline HOCKET_ABI
