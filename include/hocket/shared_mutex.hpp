// Mutexes that many may hold at once to read, and one alone to write.
#pragma once

#include <chrono>
#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/timed_lock.hpp>
#include <hocket/detail/wait_limit.hpp>
#include <hocket/detail/wait_queue.hpp>
#include <shared_mutex>
#include <stop_token>

namespace hocket::inline HOCKET_ABI {

// As std::shared_timed_mutex: a fiber that must wait is suspended, a plain thread blocks; try_lock_for() and its kin
// are those of timed_lock.hpp. Readers and writers take turns, so that neither starve: while a writer waits no new
// reader gets in, and when a writer leaves, all readers that wait by then go before the next writer. Writers go in the
// order they came. A reader must not lock it again while he holds it: a writer may wait in between, and they for each
// other. Destroying it while it is held is misuse and ends the program.
class shared_timed_mutex : public detail::timed_lock<shared_timed_mutex> {
public:
    constexpr shared_timed_mutex() noexcept = default;
    shared_timed_mutex(shared_timed_mutex const&) = delete;
    shared_timed_mutex& operator=(shared_timed_mutex const&) = delete;
    ~shared_timed_mutex() {
        if (state_.load(detail::relaxed) != 0) destroyed_in_use();
    }

    // Takes it alone, to write; waits while anybody holds it. [any thread]
    using detail::timed_lock<shared_timed_mutex>::lock;
    void lock() noexcept {
        if (!try_lock()) lock_slow({});
    }
    // Takes it alone if nobody holds it. [any thread]
    bool try_lock() noexcept {
        std::uint32_t free = 0;
        // acquire: pairs with the releases in unlock() and unlock_shared()
        return state_.compare_exchange_strong(free, writer, detail::acquire, detail::relaxed);
    }
    // Gives it back. The caller holds it alone. [any thread]
    void unlock() noexcept {
        std::uint32_t only = writer;
        if (!state_.compare_exchange_strong(only, 0, detail::release, detail::relaxed)) unlock_slow();
    }

    // Takes it together with others, to read; waits while a writer holds it or waits for it. [any thread]
    void lock_shared() noexcept {
        if (!try_lock_shared()) lock_shared_slow({});
    }
    // Takes it together with others if it need not wait. [any thread]
    bool try_lock_shared() noexcept {
        std::uint32_t seen = state_.load(detail::relaxed);
        while ((seen & (writer | queued)) == 0)
            // acquire: pairs with the release in unlock()
            if (state_.compare_exchange_weak(seen, seen + reader, detail::acquire, detail::relaxed)) return true;
        return false;
    }
    // Gives it back. The caller holds it together with others. [any thread]
    void unlock_shared() noexcept {
        std::uint32_t seen = state_.load(detail::relaxed);
        while ((seen & (writer | queued)) == 0 && seen != 0)
            if (state_.compare_exchange_weak(seen, seen - reader, detail::release, detail::relaxed)) return;
        unlock_shared_slow();
    }

    // lock_shared() within limits, as lock() within limits. [any thread]
    template <class Rep, class Period>
    bool try_lock_shared_for(std::chrono::duration<Rep, Period> d) noexcept {
        return lock_shared_within(detail::from_now(d));
    }
    template <class Clock, class Duration>
    bool try_lock_shared_until(std::chrono::time_point<Clock, Duration> t) {
        return detail::attempt_until(t, [this](auto const& limit) { return lock_shared_within(limit); });
    }
    bool lock_shared(std::stop_token const& stop) noexcept { return lock_shared_within(stop); }
    template <class Rep, class Period>
    bool try_lock_shared_for(std::stop_token const& stop, std::chrono::duration<Rep, Period> d) noexcept {
        return lock_shared_within({stop, detail::from_now(d)});
    }
    template <class Clock, class Duration>
    bool try_lock_shared_until(std::stop_token const& stop, std::chrono::time_point<Clock, Duration> t) {
        return detail::attempt_until(t, &stop, [this](auto const& limit) { return lock_shared_within(limit); });
    }

private:
    friend class detail::timed_lock<shared_timed_mutex>;
    bool lock_within(detail::wait_limit const& limit) noexcept { return try_lock() || lock_slow(limit); }
    bool lock_shared_within(detail::wait_limit const& limit) noexcept {
        return try_lock_shared() || lock_shared_slow(limit);
    }
    // Whether the caller has it now.
    HOCKET_API bool lock_slow(detail::wait_limit const& limit) noexcept;
    HOCKET_API bool lock_shared_slow(detail::wait_limit const& limit) noexcept;
    HOCKET_API void unlock_slow() noexcept;
    HOCKET_API void unlock_shared_slow() noexcept;
    [[noreturn]] HOCKET_API void destroyed_in_use() noexcept;

    bool enter_or_queue(std::uint32_t shuts_out, std::uint32_t entering) noexcept;
    bool wait_in(detail::wait_queue& queue, detail::wait_limit const& limit) noexcept;
    void store_holders(std::uint32_t holders) noexcept;

    static constexpr std::uint32_t writer = 1;
    static constexpr std::uint32_t queued = 2;  // somebody waits
    static constexpr std::uint32_t reader = 4;  // times so many hold it

    detail::atomic<std::uint32_t> state_{0};
    detail::wait_queue writers_;  // those who wait; its lock guards both queues
    detail::wait_queue readers_;
};

// As std::shared_mutex: shared_timed_mutex without the limits.
class shared_mutex : private shared_timed_mutex {
public:
    constexpr shared_mutex() noexcept = default;
    void lock() noexcept { shared_timed_mutex::lock(); }
    void lock_shared() noexcept { shared_timed_mutex::lock_shared(); }
    using shared_timed_mutex::try_lock;
    using shared_timed_mutex::try_lock_shared;
    using shared_timed_mutex::unlock;
    using shared_timed_mutex::unlock_shared;
};

}  // namespace hocket::inline HOCKET_ABI
