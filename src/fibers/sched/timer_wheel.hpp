// The timer wheel: when it is time, do this. One for each worker; any thread may cancel, and service a wheel that is
// due.
//
// A tick is 16.4 us. Six levels of 64 slots; a slot of level k spans 64^k ticks. A timer lies on the level of the
// highest group of six bits in which its tick differs from the present one; when time reaches a slot of a higher
// level, its timers move down. The six levels span 13 days: a later timer waits in the last slot and is placed anew
// from there.
// Protocol: everything happens under the wheel's lock, firing too: a timer's fire() runs under it, so cancel(), which
//   takes the lock, returns only when the timer will not fire, or has. fire() must be short, take no lock and not
//   suspend; the task it returns is scheduled by the caller after the lock is dropped.
// A slot is an array of timers with their deadlines: timers lie on the stacks of fibers that sleep, in no cache, and a
//   walk from one to the next would wait for each. A cancelled one leaves a hole; a slot that is half holes closes up.
//   When there is no memory for an array to grow, its timer strays: strays are looked at one by one, at each service.
// Ties: timers of one tick fire in the order they were armed.
// Rejected: slots as linked lists (a cache and a TLB miss after the other: a third of what a sleep costs).
// Source: Varghese and Lauck, Hashed and Hierarchical Timing Wheels, 1987.
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <vector>

#include "seam/futex.hpp"
#include "seam/lock.hpp"

namespace hocket::inline HOCKET_ABI::detail {

struct task;
class timer_wheel;

// Something to be done at a time. Lives in its owner's frame or object, which outlives its stay in a wheel.
struct timer {
    // Called under the wheel's lock when the time has come; the timer is no longer in the wheel. Returns a task to be
    // scheduled, or null: the timer outlives that task's wait.
    task* (*fire)(timer& self) noexcept = nullptr;
    std::int64_t deadline = 0;           // nanoseconds of seam::now()
    timer_wheel* wheel = nullptr;        // where it was armed last; written by its owner only
    timer* next = nullptr;               // among the strays, and among those that have fired
    task* woken = nullptr;               // what fire() has returned
    std::uint32_t index = 0;             // in its slot
    unsigned char level = 0;
    unsigned char slot = 0;
    bool armed = false;                  // it is in that wheel; under the wheel's lock
};

class timer_wheel {
public:
    explicit timer_wheel(std::int64_t now) noexcept : elapsed_(tick_of(now)) {}
    timer_wheel(timer_wheel const&) = delete;
    timer_wheel& operator=(timer_wheel const&) = delete;

    // Puts `t`, with its deadline set, into the wheel. It fires when a service() call comes after its deadline, never
    // before. True when next_service() has become earlier by it. [any thread]
    bool arm(timer& t) noexcept;

    // Takes `t` out of the wheel it was armed in: true if it was still there, so that it will not fire. False: it was
    // never armed, or has fired, and fire() has returned. Called by the timer's owner only. [any thread]
    static bool cancel(timer& t) noexcept;

    // Fires all timers whose deadline is `now` or earlier; returns those whose fire() returned a task, linked by `next`, in
    // the order of firing. Each is gone when its task goes on. [any thread]
    timer* service(std::int64_t now) noexcept;

    // The same for all timers that call this `fire`, whatever their deadline. [any thread]
    timer* fire_early(task* (*fire)(timer&) noexcept) noexcept;

    // When service() has work to do next, in nanoseconds; seam::forever when there is none. Never later than the
    // earliest deadline plus one tick. [any thread]
    std::int64_t next_service() const noexcept { return next_.load(relaxed); }

    // Timers armed now. [any thread]
    std::size_t size() const noexcept { return count_.load(relaxed); }

private:
    static constexpr int tick_bits = 14;
    static constexpr int level_bits = 6;
    static constexpr int levels = 6;
    static constexpr int slots = 1 << level_bits;

    static constexpr unsigned char astray = levels;  // the level of a stray

    struct entry {
        timer* who;  // null: a hole
        std::int64_t deadline;
    };
    struct list {
        std::vector<entry> entries;
        std::uint32_t live = 0;
    };
    struct moment {
        std::uint64_t tick;
        int level;
        int slot;
    };

    static std::uint64_t tick_of(std::int64_t ns) noexcept {
        return static_cast<std::uint64_t>(ns < 0 ? 0 : ns) >> tick_bits;
    }

    void place(entry e) noexcept;
    void unlink(timer& t) noexcept;
    void close_up(list& l) noexcept;
    class fired;
    bool find_next(moment& m) const noexcept;
    void update_next() noexcept;

    mutable lock guard_;
    std::uint64_t elapsed_;  // the tick up to which everything has fired
    std::uint64_t occupied_[levels] = {};
    list slots_[levels][slots];
    timer* strays_ = nullptr;  // newest first
    atomic<std::int64_t> next_{seam::forever};
    atomic<std::size_t> count_{0};
};

}  // namespace hocket::inline HOCKET_ABI::detail
