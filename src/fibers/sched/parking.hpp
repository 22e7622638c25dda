// Where workers sleep when there is nothing to do, and how they are woken: no wake is lost (by a nap: until it ends), and
// at most one at a time.
//
// States of a worker: busy; searching (looks for work, counted in searching_); asleep (its seat is listed,
// seat.asleep is 1).
// Protocol:
//   sleeper:  stop searching; list the seat, set asleep; announce(); heavy_fence; look at every source once more; futex.
//   waker:    publish the work; light_fence; if somebody is listed and nobody is searching, take one seat off the
//             list, count it as searching, clear asleep; futex. Who is woken by name, for what only he may do, does not
//             count: nobody leaves anything to him.
//   A sleeper who only rests from stealing is listed apart: he is woken for what is his alone and for what is in
//   nobody's own queues (wake_resting), not for what he could steal.
//   A nap is a sleep without the heavy fence.
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
#include <hocket/detail/fault.hpp>

#include "seam/clock.hpp"
#include "seam/fence.hpp"
#include "seam/futex.hpp"
#include "seam/lock.hpp"

namespace hocket::inline HOCKET_ABI::detail {

class parking {
public:
    // A worker's place. Lives as long as the worker.
    struct seat {
        atomic<std::uint32_t> asleep{0};
        seat* next = nullptr;      // these five under the parking's guard_
        seat* previous = nullptr;
        bool listed = false;
        bool called = false;       // taken off the list by a waker
        bool rests = false;        // not to be woken for what could be stolen
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
    // been listed and announce() been called, that there is something to do. One who rests is not announced. False when
    // woken by nobody. [worker that owns s]
    template <class Announce, class Work>
    bool sleep(seat& s, std::int64_t deadline, Announce&& announce, Work&& work, bool rests = false) noexcept {
        stop_searching(s);
        list(s, rests);
        if (!rests) announce();
        seam::heavy_fence();
        await(s, deadline, work);
        return unlist(s);
    }

    // The same without the heavy fence, for short sleeps: a wake that comes at the very moment of falling asleep may be
    // missed, and what it was for waits until the deadline. Nobody is announced. [worker that owns s]
    template <class Work>
    void nap(seat& s, std::int64_t deadline, Work&& work) noexcept {
        stop_searching(s);
        list(s, false);
        await(s, deadline, work);
        unlist(s);
    }

    // Wakes one sleeper, if there is one and nobody searches. Call it after the work has been published. True when it
    // woke somebody. [any thread]
    bool wake() noexcept {
        seam::light_fence();
        if (listed_.load(relaxed) == 0 || searching_.load(relaxed) != 0) return false;
        return wake_one();
    }

    // Wakes the owner of `s` if he sleeps: for work that only he may do. He does not search. [any thread]
    bool wake(seat& s) noexcept {
        seam::light_fence();
        if (s.asleep.load(relaxed) == 0) return false;
        return wake_this(s);
    }

    // Wakes one who rests. After the work has been published, and wake(). [any thread]
    void wake_resting() noexcept;

    // Wakes everybody. [any thread]
    void wake_all() noexcept;

    // Workers asleep that wake() can wake; those that rest; workers searching: guesses, but after a fence that follows a
    // push whoever does not see the push is seen. [any thread]
    std::uint32_t sleepers() const noexcept { return listed_.load(relaxed); }
    std::uint32_t resting() const noexcept { return resting_.load(relaxed); }
    std::uint32_t searchers() const noexcept { return searching_.load(relaxed); }

private:
    void stop_searching(seat& s) noexcept {
        if (!s.searching) return;
        s.searching = false;
        searching_.fetch_sub(1, seq_cst);
    }
    template <class Work>
    void await(seat& s, std::int64_t deadline, Work& work) noexcept {
        if (!seam::fault_injected(seam::fault::sleep_without_recheck) && work()) return;
        // acquire: pairs with the release in call()
        while (s.asleep.load(acquire) != 0)
            if (!seam::futex_wait(s.asleep, 1, deadline)) return;
    }
    atomic<std::uint32_t>& count_of(seat const& s) noexcept { return s.rests ? resting_ : listed_; }
    void list(seat& s, bool rests) noexcept;
    bool unlist(seat& s) noexcept;
    void remove(seat& s) noexcept;
    void call(seat& s, bool searches) noexcept;
    bool wake_one() noexcept;
    bool wake_this(seat& s) noexcept;

    // One cache line: who wakes somebody touches it and the seat.
    alignas(64) lock guard_;
    seat* first_ = nullptr;  // the last to fall asleep: his caches are the warmest
    atomic<std::uint32_t> listed_{0};
    atomic<std::uint32_t> resting_{0};
    atomic<std::uint32_t> searching_{0};
};

}  // namespace hocket::inline HOCKET_ABI::detail
