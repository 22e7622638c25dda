// The runners: one ticking task on each worker of a runtime, and the groups it ticks.
//
// Protocol: while any group of a runner is open, its ticking task looks at all of them every 0.5 ms (fixed delay,
//   counted from the end of the last pass); else it sleeps on `work_`, and the pool uses no CPU. Control threads nudge
//   it. The audio thread never does: it writes the word that the next tick reads.
// Locks: `guard_`, then that of a group.
#pragma once

#include <hocket/condition_variable.hpp>
#include <hocket/go.hpp>
#include <hocket/launch.hpp>
#include <hocket/mutex.hpp>
#include <hocket/runtime.hpp>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include <hocket/audio/runner_pool.hpp>

namespace hocket::inline HOCKET_ABI::audio::detail {

class async_group;

class runners {
public:
    // Throws what runner_pool's constructor throws. [control]
    explicit runners(runner_pool_options const& options);
    // Every group has been closed. [control]
    ~runners();

    // A runner for the next group, in turn. [control]
    unsigned next() noexcept;
    // From now on the runner ticks the group; and no longer. [control]
    void add(std::shared_ptr<async_group> group, unsigned runner);
    void remove(async_group const& group, unsigned runner) noexcept;
    // Makes the runners look whether a group is open. [any thread but audio]
    void nudge() noexcept;

    // Spawns a task pinned to a runner, with an FP control state of its own: actions may flush denormals. Throws as
    // runtime::go. [any thread but audio]
    template <class F>
    void go(std::string_view name, unsigned runner, F&& f) {
        runtime_.go({.name = name, .worker = static_cast<int>(runner), .stack_size = stack_size_, .own_fp_control = true},
                    std::forward<F>(f));
    }

    runtime_stats stats() const { return runtime_.stats(); }

private:
    void tick(unsigned runner);
    void close() noexcept;

    std::size_t const stack_size_;
    mutex guard_;
    condition_variable work_;
    std::vector<std::vector<std::shared_ptr<async_group>>> groups_;  // of each runner, in the order they were added
    unsigned next_ = 0;
    bool closing_ = false;
    runtime runtime_;  // last: its destructor runs what is left of the tasks that use the rest
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail
