// A limiter: at most so many at once. Backpressure for those who start work faster than it is done.
//
//     hocket::limiter requests(64);                          // lossless: who comes 65th waits
//     hocket::limiter samples(4, hocket::lossy);             // who comes fifth is refused, and counted
//     ...
//     if (auto place = samples.enter()) measure();           // the place is given back at the end of the block
//     requests.go(serve, std::move(request));                // the task has the place until it has completed
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <hocket/detail/wait_limit.hpp>
#include <hocket/detail/wait_queue.hpp>
#include <hocket/go.hpp>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace hocket::inline HOCKET_ABI {

// What a limiter does with one too many: let him wait, or refuse him.
enum class overload : unsigned char { lossless, lossy };
inline constexpr overload lossless = overload::lossless;
inline constexpr overload lossy = overload::lossy;

// For fibers and threads alike. Places go to those who wait in the order in which they came. What was done before a
// place was given back is seen by who gets it. Destroying a limiter while somebody waits for it or has a place is
// misuse and ends the program.
class limiter {
public:
    // One of the places, or none. Gives it back when it ends; it may end anywhere.
    class [[nodiscard]] place {
    public:
        place() noexcept = default;
        place(place&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
        place& operator=(place&& other) noexcept {
            if (this != &other) {
                leave();
                of_ = std::exchange(other.of_, nullptr);
            }
            return *this;
        }
        ~place() { leave(); }

        // Whether it is one.
        explicit operator bool() const noexcept { return of_ != nullptr; }
        // Gives it back now; nothing where there is none. [any thread]
        void leave() noexcept {
            if (limiter* const of = std::exchange(of_, nullptr); of != nullptr) of->leave();
        }

    private:
        friend class limiter;
        explicit place(limiter* of) noexcept : of_(of) {}
        limiter* of_ = nullptr;
    };

    // `most` places. Throws std::invalid_argument for 0. [any thread]
    HOCKET_API explicit limiter(std::size_t most, overload what = lossless);
    limiter(limiter const&) = delete;
    limiter& operator=(limiter const&) = delete;
    HOCKET_API ~limiter();

    // A place. When all are taken: a lossless limiter waits for one, a lossy one gives none. Like
    // all that wait here, it throws cancelled. [any thread]
    place enter() { return enter_within({}); }
    // The same; none also when it would wait and a stop is asked for, before or meanwhile. [any thread]
    place enter(std::stop_token const& stop) { return enter_within(stop); }
    // The same without waiting: none when all are taken. [any thread]
    place try_enter() noexcept { return enter_within(0); }
    // The same; none also when `d` has passed, or at `t` (as its clock goes now). [any thread]
    template <class Rep, class Period>
    place enter_for(std::chrono::duration<Rep, Period> d) {
        return enter_within(detail::from_now(d));
    }
    template <class Clock, class Duration>
    place enter_until(std::chrono::time_point<Clock, Duration> t) {
        return enter_within(detail::deadline_of(t));
    }

    // Enters, and spawns f(args...), decay-copied, as a task that has the place until it has completed. False when
    // there
    // was no place: nothing was spawned, but the arguments may have been moved from. Throws as hocket::go does. [fiber]
    template <class F, class... Args>
        requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
    bool go(F&& f, Args&&... args) {
        place mine = enter();
        if (!mine) return false;
        hocket::go(
            [has = std::move(mine), call = std::decay_t<F>(std::forward<F>(f))](std::decay_t<Args>&&... a) mutable {
                std::invoke(std::move(call), std::move(a)...);
            },
            std::forward<Args>(args)...);
        return true;
    }

    std::size_t most() const noexcept { return most_; }
    // Places that are taken now. [any thread]
    HOCKET_API std::size_t in_flight() const noexcept;
    // How often there was none for who wanted one. [any thread]
    HOCKET_API std::uint64_t dropped() const noexcept;

private:
    place enter_within(detail::wait_limit limit) { return place(enters(limit) ? this : nullptr); }
    HOCKET_API bool enters(detail::wait_limit limit);
    HOCKET_API void leave() noexcept;

    std::size_t const most_;
    overload const what_;
    std::size_t taken_ = 0;      // guarded by the queue's lock
    std::uint64_t dropped_ = 0;  // likewise
    mutable detail::wait_queue waiters_;
};

}  // namespace hocket::inline HOCKET_ABI
