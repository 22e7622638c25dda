// The monitor: a thread that looks after workers whose task does not let them go.
//
// What it does for whoever waits behind such a task: ordinary work is taken by others, blocking workers included; timers
//   that the worker has not serviced for `overdue` it services; of what only that worker can run (pinned fibers) it can
//   only tell: a warning, once for a task that has run for `too_long` while there was some and nothing has been suspended
//   on that worker (while there is some every suspension is counted at once); the number of tasks doubles from one
//   warning to the next.
// When: once the workers have started and there has been a timer or a pinned task, every `period` while any ordinary worker is awake. When all have been
//   asleep for `patience` looks it sleeps too.
// Protocol of its sleep: the monitor sets asleep_, passes a heavy fence, and looks once more whether a worker is awake; a
//   worker that leaves its sleep passes a light fence and reads asleep_, before it runs anything: one of the two sees the
//   other. stop() sets stopping_ and then wakes; the monitor sets asleep_ and then reads stopping_, all sequentially
//   consistent.
// Protocol of its start: whoever wants it, and whoever has started the workers, says so and then looks whether the other
//   has; one of them at least sees both, and one begins it. When no thread can be had there is none, for good.
// It is not there in explored builds (what ends by itself would hide what nobody woke), nor where suspensions are
//   observed: whoever does that watches on his own.
// Rejected: a thread from the start (another thread in the process makes every wake-up dearer by a tenth on two cores,
//   and most programs keep nobody waiting); clocks read at each dispatch; watching from idle workers (there may be none, and they sleep).
// Source: the sysmon thread of the Go runtime does this.
#pragma once

#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <memory>

#include "seam/fence.hpp"
#include "seam/thread.hpp"

namespace hocket::inline HOCKET_ABI::detail {

class scheduler;
struct task;
struct worker;

class monitor {
public:
    static constexpr std::int64_t period = 10'000'000;  // ns
    static constexpr std::int64_t overdue = 10'000'000;
    static constexpr std::int64_t too_long = 40'000'000;
    static constexpr int patience = 4;

    explicit monitor(scheduler& s) noexcept : sched_(s) {}

    // There is somebody to look after now, or will be. Who calls it is counted: the scheduler has not ended its threads.
    // [any thread]
    void want() noexcept {
        if (!wanted_.load(relaxed)) [[unlikely]] begin(wanted_, workers_run_);
    }
    // The workers' threads have been started. [under the scheduler's guard]
    void workers_run() noexcept { begin(workers_run_, wanted_); }
    // Ends and joins the thread, if there is one; none is wanted any more. [any thread, once]
    void stop() noexcept;

    // A worker is awake, and has not run anything since it was not. [worker]
    void stir() noexcept {
        seam::light_fence();
        if (asleep_.load(relaxed) != 0) [[unlikely]] wake();
    }

private:
    // What a worker was seen to do.
    struct sight {
        std::uint64_t id = 0;    // of the task; 0: none that keeps anybody waiting
        std::uint64_t suspensions = 0;
        std::int64_t since = 0;
        bool told = false;
    };

    void begin(atomic<bool>& mine, atomic<bool> const& other) noexcept;
    void start() noexcept;
    void watch() noexcept;
    void look(std::int64_t now) noexcept;
    std::uint64_t id_of(task const& t) const noexcept;
    void warn(worker const& w, task const& t, std::int64_t held) noexcept;
    bool all_asleep() const noexcept;
    void wake() noexcept;

    scheduler& sched_;
    std::unique_ptr<sight[]> sights_;  // of the ordinary workers
    std::uint64_t warnings_ = 0;       // that there were, or would have been
    atomic<std::uint32_t> stopping_{0};
    alignas(64) atomic<std::uint32_t> asleep_{0};
    seam::thread thread_;
    seam::affinity const cores_ = seam::affinity::of_this_thread();
    atomic<bool> wanted_{false};
    atomic<bool> workers_run_{false};
    atomic<bool> begun_{false};
};

}  // namespace hocket::inline HOCKET_ABI::detail
