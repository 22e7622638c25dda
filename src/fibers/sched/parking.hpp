// Where workers sleep when there is nothing to do, and how they are woken: no wake is lost, and at most one at a time.
//
// States of a worker: busy; searching (looks for work, counted in searching_); asleep (its seat is listed,
// seat.asleep is 1).
// Protocol:
//   sleeper:  stop searching; list the seat, set asleep; heavy_fence; look at every source once more; futex.
//   waker:    publish the work; light_fence; if somebody is listed and nobody is searching, take one seat off the
//             list, count it as searching, clear asleep; futex.
//   A waker that sees a searcher leaves the work to him: he will look at every source again after he has stopped
//   searching. A searcher who finds something must call found(): if he was the last, the work that others left to him
//   needs a waker.
// Memory order: the two fences make one of the two sides see the other: either the waker sees the seat, or the
//   sleeper, in his last look, the work. Lists and counts change under guard_; the clearing of asleep releases, its
//   reader acquires.
// Rejected: waking one worker for each task (a wake costs the waker 5 us, as much as a thousand spawns).
#pragma once

#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/lock.hpp>

#include "seam/clock.hpp"
#include "seam/fault.hpp"
#include "seam/fence.hpp"
#include "seam/futex.hpp"

namespace hocket::inline HOCKET_ABI::detail {

class parking {
public:
    // A worker's place. Lives as long as the worker.
    struct seat {
        atomic<std::uint32_t> asleep{0};
        seat* next = nullptr;      // these four under the parking's guard_
        seat* previous = nullptr;
        bool listed = false;
        bool called = false;       // taken off the list by a waker
        bool searching = false;    // the worker's own, but for the waker that calls it
    };

    // [worker that owns s]
    void start_search(seat& s) noexcept {
        if (s.searching) return;
        s.searching = true;
        searching_.fetch_add(1, seq_cst);
    }

    // Ends a search that was successful. True when nobody searches now: if there is more work, call wake(). Does
    // nothing when s was not searching. [worker that owns s]
    bool found(seat& s) noexcept {
        if (!s.searching) return false;
        s.searching = false;
        return searching_.fetch_sub(1, seq_cst) == 1;
    }

    // Ends the search, if any, and sleeps until woken or until `deadline`, unless `work()` says, after the seat has
    // been listed, that there is something to do. False when woken by nobody. [worker that owns s]
    template <class Work>
    bool sleep(seat& s, std::int64_t deadline, Work&& work) noexcept {
        if (s.searching) {
            s.searching = false;
            searching_.fetch_sub(1, seq_cst);
        }
        list(s);
        seam::heavy_fence();
        if (seam::fault_injected(seam::fault::sleep_without_recheck) || !work()) {
            // acquire: pairs with the release in call()
            while (s.asleep.load(acquire) != 0)
                if (!seam::futex_wait(s.asleep, 1, deadline)) break;
        }
        return unlist(s);
    }

    // Wakes one sleeper, if there is one and nobody searches. Call it after the work has been published. True when it
    // woke somebody. [any thread]
    bool wake() noexcept {
        seam::light_fence();
        if (listed_.load(relaxed) == 0 || searching_.load(relaxed) != 0) return false;
        return wake_one();
    }

    // Wakes the owner of `s` if he sleeps: for work that only he may do. [any thread]
    bool wake(seat& s) noexcept {
        seam::light_fence();
        if (s.asleep.load(relaxed) == 0) return false;
        return wake_this(s);
    }

    // Wakes everybody. [any thread]
    void wake_all() noexcept;

    // Workers asleep; workers searching: guesses. [any thread]
    std::uint32_t sleepers() const noexcept { return listed_.load(relaxed); }
    std::uint32_t searchers() const noexcept { return searching_.load(relaxed); }

private:
    void list(seat& s) noexcept;
    bool unlist(seat& s) noexcept;
    void call(seat& s) noexcept;
    bool wake_one() noexcept;
    bool wake_this(seat& s) noexcept;

    lock guard_;
    seat* first_ = nullptr;  // the last to fall asleep: his caches are the warmest
    alignas(64) atomic<std::uint32_t> listed_{0};
    atomic<std::uint32_t> searching_{0};
};

}  // namespace hocket::inline HOCKET_ABI::detail
