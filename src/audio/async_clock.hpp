// What one AsyncThread has cost so far. Its fiber alone writes; statistics read meanwhile.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::audio::detail {

class async_clock {
public:
    // A call begins, at `now` (ns of steady_clock).
    void begin(std::int64_t now) noexcept {
        if (std::int64_t const before = began_; before != 0) {
            std::int64_t const period = now - before;
            periods_.store(periods_.load(relaxed) + 1, relaxed);
            period_sum_.store(period_sum_.load(relaxed) + period, relaxed);
            longest_period_.store(std::max(longest_period_.load(relaxed), period), relaxed);
        }
        began_ = now;
        run_in_call_ = 0;
    }
    // It has executed for `ns` without a pause.
    void executed(std::int64_t ns) noexcept { run_in_call_ += ns; }
    // It has ended.
    void end(std::int64_t budget) noexcept {
        run_sum_.store(run_sum_.load(relaxed) + run_in_call_, relaxed);
        longest_run_.store(std::max(longest_run_.load(relaxed), run_in_call_), relaxed);
        overran_ = run_in_call_ > budget;
        if (overran_) overruns_.store(overruns_.load(relaxed) + 1, relaxed);
    }
    // It is not asked for any more: what comes next is no period.
    void rest() noexcept { began_ = 0; }

    // Whether the last call executed for longer than the budget. [its fiber, or after it]
    bool overran() const noexcept { return overran_; }

    // [any thread]
    std::int64_t run() const noexcept { return run_sum_.load(relaxed); }
    std::int64_t longest_run() const noexcept { return longest_run_.load(relaxed); }
    std::int64_t mean_period() const noexcept {
        std::uint64_t const n = periods_.load(relaxed);
        return n == 0 ? 0 : period_sum_.load(relaxed) / static_cast<std::int64_t>(n);
    }
    std::int64_t longest_period() const noexcept { return longest_period_.load(relaxed); }
    std::uint64_t overruns() const noexcept { return overruns_.load(relaxed); }

private:
    static constexpr auto relaxed = std::memory_order_relaxed;

    std::int64_t began_ = 0;
    std::int64_t run_in_call_ = 0;
    bool overran_ = false;
    std::atomic<std::int64_t> run_sum_{0};
    std::atomic<std::int64_t> longest_run_{0};
    std::atomic<std::int64_t> period_sum_{0};
    std::atomic<std::int64_t> longest_period_{0};
    std::atomic<std::uint64_t> periods_{0};
    std::atomic<std::uint64_t> overruns_{0};
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail
