// Gives memory back: what a burst has left behind in the pools, and what parked fibers no longer need of their stacks.
//
// When: once something has happened in the runtime a round is due an interval later, and another one as long as more
//   happens, and `last_rounds` after that, until all that is idle has been seen idle for a whole interval. Then nothing is
//   due, and an idle runtime sleeps. While there is other work rounds take at most a tenth of a core.
// Who: a blocking worker that has nothing else to do; if none comes, an ordinary one that is idle. What a worker keeps in
//   its own caches it gives to the pools itself, when it has been idle for an interval.
// What: the surplus of stacks, records and blocks (the pools say what that is), and the dirty pages below the frames of
//   fibers that have been parked for an interval.
//
// Parked fibers
//   States: the first round that finds a fiber suspended makes it `resting`, the next one gives its pages back and makes it
//     `trimmed`. Whoever wakes it makes it ready, whichever of the three it was, and knows of no difference. A fiber that
//     is woken and suspended again is `suspended` again: a state that is still resting tells that it never ran in between.
//   Protocol: that of parked_watch.hpp, so no fiber runs while its pages are taken. What lies below a stored context is
//     nobody's.
//   Rejected: giving pages back when a fiber parks (a system call each); a list of parked fibers (the slabs are one).
#pragma once

#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/config.hpp>

#include "seam/futex.hpp"

namespace hocket::inline HOCKET_ABI::detail {

class scheduler;
struct task;
struct worker;

class trimmer {
public:
    static constexpr std::int64_t interval = 150'000'000;  // ns
    static constexpr int last_rounds = 4;

    explicit trimmer(scheduler& s) noexcept : sched_(s) {}

    // When the next round is due; seam::forever when nothing is. [any thread]
    std::int64_t due() const noexcept { return due_.load(relaxed); }

    // Makes a round due if something has happened since the last one and none is: true when it has just done so, and
    // whoever could run it may be asleep. [worker]
    bool note(std::int64_t now) noexcept;

    // Runs the round that is due, unless another does. [worker w]
    void run(worker& w) noexcept;

    // One round, which ends early when it has given back the memory of `most` stacks or `w` has something better to do:
    // whether it came to its end. [one thread at a time]
    bool round(worker& w, unsigned most = -1u) noexcept;

    // Times that a parked fiber's pages were given back. [any thread]
    std::uint64_t trimmed() const noexcept { return trimmed_.load(relaxed); }

private:
    std::uint64_t activity() const noexcept;
    bool look_at_fibers(worker& w, unsigned most) noexcept;
    bool look_at(task& t) noexcept;

    scheduler& sched_;
    atomic<std::int64_t> due_{seam::forever};
    atomic<std::uint32_t> running_{0};
    atomic<std::uint64_t> seen_{0};  // activity at the beginning of the last round
    int rounds_left_ = 0;            // of who runs
    atomic<std::uint64_t> trimmed_{0};
};

}  // namespace hocket::inline HOCKET_ABI::detail
