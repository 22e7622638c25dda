// A place where a crowd meets, again and again.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/phases.hpp>
#include <hocket/detail/wait_limit.hpp>
#include <hocket/latch.hpp>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace hocket::inline HOCKET_ABI {

namespace detail {
struct no_completion {
    void operator()() const noexcept {}
};
}  // namespace detail

// As std::barrier: when as many have arrived as it expects, the last of them calls the completion function, then all go
// on that wait, and the next phase begins. Waiting suspends a fiber and blocks a plain thread; the completion function
// may suspend, too. It may be destroyed as soon as all who wait for it have returned; before, that is misuse and ends
// the program, and so is arriving more often than expected.
template <class CompletionFunction = detail::no_completion>
class barrier {
    static_assert(std::is_nothrow_invocable_v<CompletionFunction&>, "as std::barrier asks");

public:
    // Says in which phase its owner has arrived.
    class arrival_token {
    public:
        arrival_token(arrival_token&&) noexcept = default;
        arrival_token& operator=(arrival_token&&) noexcept = default;

    private:
        friend class barrier;
        explicit arrival_token(std::uint32_t phase) noexcept : phase_(phase) {}
        std::uint32_t phase_;
    };

    static constexpr std::ptrdiff_t max() noexcept { return PTRDIFF_MAX; }

    // expected >= 0: so many arrivals make a phase.
    constexpr explicit barrier(std::ptrdiff_t expected, CompletionFunction completion = CompletionFunction())
        : completion_(std::move(completion)), expected_(expected), missing_(expected) {
        if (expected < 0) detail::bad_count("barrier", expected);
    }

    // Arrives n times, n >= 1. [any thread]
    [[nodiscard]] arrival_token arrive(std::ptrdiff_t n = 1) {
        arrival_token token(phases_.now());
        arrive_in(token.phase_, n);
        return token;
    }
    // Waits until the phase of the arrival is complete. Like all that wait here, it throws cancelled. [any thread]
    void wait(arrival_token&& arrived) const { phases_.wait(arrived.phase_); }
    void arrive_and_wait() { wait(arrive()); }
    // Arrives, and is expected no more in the phases that follow. [any thread]
    void arrive_and_drop() {
        // relaxed: it is read by the last one to arrive, ordered by missing_
        expected_.fetch_sub(1, detail::relaxed);
        arrive_in(phases_.now(), 1);
    }

    // Waits until the phase is complete, but not beyond a time or a stop: whether it is. The token stays good. [any
    // thread]
    template <class Rep, class Period>
    bool wait_for(arrival_token const& arrived, std::chrono::duration<Rep, Period> d) const {
        return phases_.wait(arrived.phase_, detail::from_now(d));
    }
    template <class Clock, class Duration>
    bool wait_until(arrival_token const& arrived, std::chrono::time_point<Clock, Duration> t) const {
        return detail::attempt_until(t, [&](auto const& limit) { return phases_.wait(arrived.phase_, limit); });
    }
    bool wait(arrival_token const& arrived, std::stop_token const& stop) const {
        return phases_.wait(arrived.phase_, stop);
    }

private:
    void arrive_in(std::uint32_t phase, std::ptrdiff_t n) {
        // release: what came before it, for who waits; acquire: the last one passes the others' on
        std::ptrdiff_t const before = missing_.fetch_sub(n, detail::acq_rel);
        if (n < 1 || before < n) detail::bad_count("barrier::arrive", n);
        if (before != n) return;
        completion_();
        // relaxed: nobody arrives before the phase has moved
        missing_.store(expected_.load(detail::relaxed), detail::relaxed);
        phases_.move(phase, phase + detail::phases::step);
    }

    [[no_unique_address]] CompletionFunction completion_;
    detail::atomic<std::ptrdiff_t> expected_;  // in the next phase
    detail::atomic<std::ptrdiff_t> missing_;   // in this one
    mutable detail::phases phases_{detail::phases_of::barrier};
};

}  // namespace hocket::inline HOCKET_ABI
