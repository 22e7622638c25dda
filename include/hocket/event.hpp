// A flag to wait for.
#pragma once

#include <chrono>
#include <cstdint>
#include <hocket/detail/phases.hpp>
#include <hocket/detail/wait_limit.hpp>
#include <stop_token>

namespace hocket::inline HOCKET_ABI {

// Stays set until it is reset, and lets everybody pass meanwhile; who waits when it is set goes on even if it is reset
// at once. What was done before set() is seen by who passes, and by who resets it, also where it was set already. (One
// that lets a single waiter pass and resets itself is binary_semaphore.) It may be destroyed as soon as all who wait
// for it have returned; before, that is misuse and ends the program.
class event {
public:
    constexpr explicit event(bool set = false) noexcept : phases_(detail::phases_of::event, set ? set_phase : 0) {}

    // Sets it, and lets all go on that wait. [any thread]
    void set() noexcept {
        while (true) {
            std::uint32_t const now = phases_.now();
            // Set already: moves to where it is, for the sake of the order.
            if (phases_.move(now, is_set(now) ? now : now + detail::phases::step)) return;
        }
    }
    // Whoever waits from now on waits for the next set(). [any thread]
    void reset() noexcept {
        std::uint32_t now = phases_.now();
        while (is_set(now) && !phases_.move(now, now + detail::phases::step)) now = phases_.now();
    }
    bool is_set() const noexcept { return is_set(phases_.now()); }

    // Waits until it is set. Like all that wait here, it throws cancelled. [any thread]
    void wait() const { wait_within({}); }
    // But not beyond a time or a stop: whether it was set. [any thread]
    template <class Rep, class Period>
    bool wait_for(std::chrono::duration<Rep, Period> d) const {
        return wait_within(detail::from_now(d));
    }
    template <class Clock, class Duration>
    bool wait_until(std::chrono::time_point<Clock, Duration> t) const {
        return detail::attempt_until(t, [this](auto const& limit) { return wait_within(limit); });
    }
    bool wait(std::stop_token const& stop) const { return wait_within(stop); }
    template <class Rep, class Period>
    bool wait_for(std::stop_token const& stop, std::chrono::duration<Rep, Period> d) const {
        return wait_within({stop, detail::from_now(d)});
    }
    template <class Clock, class Duration>
    bool wait_until(std::stop_token const& stop, std::chrono::time_point<Clock, Duration> t) const {
        return detail::attempt_until(t, &stop, [this](auto const& limit) { return wait_within(limit); });
    }

private:
    // Every other phase, beginning with the second, is one in which it is set.
    static constexpr std::uint32_t set_phase = detail::phases::step;
    static bool is_set(std::uint32_t phase) noexcept { return (phase & set_phase) != 0; }

    bool wait_within(detail::wait_limit const& limit) const {
        std::uint32_t const now = phases_.now();
        return is_set(now) || phases_.wait(now, limit);
    }

    mutable detail::phases phases_;
};

}  // namespace hocket::inline HOCKET_ABI
