// The runners of a pool, and the groups that they tick.
//
// A runner is a place, not a thread: at any time it works on one worker of the runtime, and there are twice as many workers
//   as runners (one where there is one). While any group of the pool is open, each runner's ticking task looks at the
//   runner's groups every 0.5 ms (fixed delay, counted from the end of the last pass); else it sleeps on `work_`, and the
//   pool uses no CPU. Control threads nudge it. The audio thread never does: it writes the word that the next tick
//   reads.
// Overruns: a ticking task also looks whether the worker of another runner has been executing one action for longer than the
//   budget. Then that runner moves to a worker on which nothing executes, on the core with the fewest runners: a new ticking
//   task begins there, and what was sent and has not begun is sent there. The action stays. The old ticking task ends when
//   it comes to run. An AsyncThread that overran the last time borrows a free worker for its next pass, so that nobody has
//   to move, and nothing that is suspended has to wait for it: a suspended action goes on where it began. Where there is
//   one runner there is one permit, which that action holds: nobody else could execute.
//   A worker is always left: of twice n, n are runners' places, and at most n-1 of the others can hold a permit; those that
//   are lent to who is suspended are taken last.
// Balance: ten times a second a group is moved from the runner with the most work to the one with the least, if that makes
//   them more equal.
// Threads: before a tick of the wall clock, or a pass, on a worker its thread is bound to a core, and put below audio:
//   into SCHED_IDLE when that is known to be an ordinary thread, which is then on time even so; else nice 10. Beside a
//   compile SCHED_IDLE would starve the streaming from disk: who finds its tick 20 ms late has nice 10 for two seconds.
// Locks: `guard_`, then that of a group. It blocks the thread, and nobody is suspended while holding it.
#pragma once

#include <hocket/condition_variable.hpp>
#include <hocket/go.hpp>
#include <hocket/launch.hpp>
#include <hocket/runtime.hpp>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include <hocket/audio/engine.hpp>
#include <hocket/audio/runner_pool.hpp>

#include "audio/permits.hpp"
#include "audio/priority.hpp"

namespace hocket::inline HOCKET_ABI::audio::detail {

class async_group;

// From the end of one pass to the next; a tick of audio time.
inline constexpr std::chrono::nanoseconds tick_period{500'000};
// How long an AsyncThread may go on with requested calls before its neighbours have a turn, and an action before its
// runner's other work goes on elsewhere.
inline constexpr std::chrono::nanoseconds action_budget{2'000'000};

class runners {
public:
    // Throws what runner_pool's constructor throws. [control]
    explicit runners(runner_pool_options const& options);
    // Every group has been closed. [control]
    ~runners();

    // A runner for the next group, in turn. [control]
    unsigned next() noexcept;
    // From now on the group is ticked by its runner; and no longer. [control]
    void add(std::shared_ptr<async_group> group);
    void remove(async_group const& group) noexcept;
    // Makes the runners look whether a group is open. [any thread but audio]
    void nudge() noexcept;
    // An audio thread of this class has come, or, with -1, gone. [audio]
    void beside(audio_class c, int count) noexcept {
        if (c == audio_class::realtime) realtime_threads_.fetch_add(count, std::memory_order_relaxed);
        if (c == audio_class::ordinary) ordinary_threads_.fetch_add(count, std::memory_order_relaxed);
    }

    // The worker that a runner works on now. [any thread]
    unsigned worker_of(unsigned runner) const noexcept {
        // relaxed: changed under guard_; who reads an old value without it is told by async_group::moved()
        return runners_[runner].worker.load(std::memory_order_relaxed);
    }
    unsigned count() const noexcept { return static_cast<unsigned>(runners_.size()); }
    // A worker that is no runner's place, and on which nothing executes, for one pass: `preferred`, if it is such a one; -1
    // when there is none. And back. [any thread but audio]
    int borrow(unsigned preferred) noexcept;
    void give_back(unsigned worker) noexcept { lent_[worker].store(false, std::memory_order_relaxed); }
    // Puts the calling worker's thread on its core, and into the class that it has to have now. [worker]
    void settle_thread(unsigned worker, bool borrowed) noexcept;
    permits& permit() noexcept { return permits_; }

    // Spawns a task pinned to a worker, with an FP control state of its own: actions may flush denormals. Throws as
    // runtime::go. [any thread but audio]
    template <class F>
    void go(std::string_view name, unsigned worker, F&& f) {
        runtime_.go({.name = name, .worker = static_cast<int>(worker), .own_fp_control = true}, std::forward<F>(f));
    }

    runtime_stats stats() const { return runtime_.stats(); }
    // Times that a runner has moved, and a group. [any thread]
    std::uint64_t moves() const noexcept { return moves_.load(std::memory_order_relaxed); }
    std::uint64_t balanced() const noexcept { return balanced_.load(std::memory_order_relaxed); }

private:
    struct runner {
        std::atomic<unsigned> worker{0};
        std::uint64_t moves = 0;                           // counts the ticking tasks that it has had
        std::vector<std::shared_ptr<async_group>> groups;  // in the order they were added
    };

    void begin(unsigned r, unsigned worker);
    void tick(unsigned r, unsigned worker, std::uint64_t move);
    bool pass(unsigned r) noexcept;
    bool idle(unsigned worker) const noexcept;
    bool free(unsigned worker) const noexcept;
    void watch(unsigned self) noexcept;
    void move(unsigned r, std::int64_t now) noexcept;
    void balance(std::int64_t now) noexcept;
    void close() noexcept;

    std::vector<int> const cores_;  // those that this process may use
    permits permits_;
    std::mutex guard_;
    condition_variable_any work_;
    std::vector<runner> runners_;
    std::vector<std::atomic<bool>> lent_;  // of each worker
    std::vector<thread_class> classes_;    // likewise; its thread's own
    unsigned next_ = 0;
    bool closing_ = false;
    std::int64_t balance_at_ = 0;  // ns
    std::atomic<int> realtime_threads_{0};  // audio threads known to be of that class
    std::atomic<int> ordinary_threads_{0};
    std::atomic<std::int64_t> starved_until_{0};  // ns
    std::atomic<std::uint64_t> moves_{0};
    std::atomic<std::uint64_t> balanced_{0};
    runtime runtime_;  // last: its destructor runs what is left of the tasks that use the rest
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail
