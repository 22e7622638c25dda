// The AsyncThreads of one module: when they may run, and that never two of them do.
//
// States: loose (built, no runner) -> bound (has a runner) -> closed (no action runs ever again).
//   A bound group is open or halted; only while it is open does an action begin.
//   Of its AsyncThreads at most one is *sent*: its fiber has been woken and has not yet looked; or is *running*, suspended
//   or not, or asleep in audio time.
// Protocol:
//   1. A tick marks those that are asked for as due. When nobody is sent or running, the next due one, in turn, is sent: it
//      gets a fiber on its runner's worker, if it has none there, and the fiber is woken.
//   2. The fiber looks, under `guard_`, whether the group is open and neither it nor its AsyncThread is ending, and only
//      then becomes `running_`. Whoever halts the group or ends the AsyncThread sets its flag under the same lock and then
//      waits until `running_` is gone: no action slips in between the test and the run. When it has ended, the next due
//      one is sent.
//   3. When the runner moves to another worker, who was sent and has not begun is sent again, there; the fiber on the old
//      worker is let go. An action that has begun stays where it is.
//      An AsyncThread that overran its budget the last time is sent to a worker that is no runner's place, if one is free.
//   4. Locks are taken in the order runners, group.
//   5. `guard_` blocks the thread, and nobody is suspended while holding it: a fiber that waited for it in a queue would be
//      handed it while an action occupies its worker.
//   6. A fiber looks at its AsyncThread's mailbox only while it is running_.
// Nothing here is called by the audio thread, which touches only async_word and action_mailbox.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <hocket/condition_variable.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "audio/async_state.hpp"

namespace hocket::inline HOCKET_ABI::audio::detail {

class runners;

class async_group : public std::enable_shared_from_this<async_group> {
public:
    struct private_tag {};

    // A loose group under a fresh id, which find() knows. Throws std::bad_alloc. [control]
    static std::shared_ptr<async_group> make(std::string name);
    // The group with this id, if it is alive. [any thread but audio]
    static std::shared_ptr<async_group> find(std::uint32_t id);

    async_group(private_tag, std::string name, std::uint32_t id);
    ~async_group();

    std::uint32_t id() const noexcept { return id_; }
    // For log lines; before it is bound. Throws std::bad_alloc. [control]
    void rename(std::string name);

    // Adds an AsyncThread. Throws std::bad_alloc. [any thread but audio]
    void join(std::shared_ptr<async_state> const& state);
    // Waits until no call of it is under way, and takes it out; one that sleeps in audio time sleeps on in real time. In
    // its own action misuse. [any thread but audio]
    void leave(async_state& state) noexcept;
    // Waits until no call of it is under way; sleeps in audio time as leave(). In its own action misuse. [any thread but audio]
    void quiesce(async_state& state) noexcept;

    // Gives it runner `runner` of `pool`, for an engine. The group is loose. Throws std::bad_alloc. [control]
    void bind(runners& pool, unsigned runner, void const* owner);
    // Misuse when the caller is an action of this engine's. [any thread but audio]
    static void refuse_action_of(void const* owner) noexcept;
    // Lets actions begin; `wall` says whether the runner's own ticks ask for them. [control]
    void open(bool wall) noexcept;
    // Lets none begin, who has been sent included; who sleeps in audio time sleeps on in real time. [control]
    void halt() noexcept;
    // Waits until none runs, or for so long: whether none does. Misuse in an action of this group. [control]
    bool settle(std::chrono::nanoseconds patience) noexcept;
    // Waits until none runs; logs who it waits for after each second.
    void settle() noexcept;
    // halt(), settle(), and ends the fibers. [control]
    void close() noexcept;
    // The name of the AsyncThread that runs; empty when none does. Throws std::bad_alloc. [any thread but audio]
    std::string running() const;

    // Sends whoever is asked for; true while the group is open, ticks by the wall clock and has any. [worker]
    bool tick() noexcept;
    // Its runner works on another worker from now on. [worker]
    void moved() noexcept;
    // Its runner is another from now on; false when that cannot be now. [worker]
    bool rehome(unsigned runner) noexcept;
    unsigned runner() const noexcept { return runner_.load(std::memory_order_relaxed); }
    // Whether it asks its runner to tick. [worker]
    bool ticking() const noexcept { return ticking_.load(std::memory_order_relaxed); }
    // The ns that its actions have executed at its runner's place from one measurement to the next; of the last one.
    // [worker, under the runners' lock]
    std::int64_t measure() noexcept;
    std::int64_t load() const noexcept { return load_; }

    // Audio time has come to tick number `now`. Those that are asked for, oldest first. Throws std::bad_alloc. [control]
    std::vector<std::shared_ptr<async_state>> due(std::uint64_t now);
    // Lets the one go on whose sleep in audio time is over, and waits until it has ended or sleeps again. [control]
    void wake_sleeper() noexcept;
    // Runs what is asked of one and waits until that is done, or sleeps in audio time. Does nothing unless the group is
    // open, or while another of it sleeps. [control]
    void run(async_state& state) noexcept;
    // The running action sleeps for `d` of audio time; false when that is the real one. [fiber]
    bool sleep(async_fiber& fiber, std::chrono::nanoseconds d);

    // [control]
    template <class F>
    void each(F&& f) {
        std::lock_guard const held(guard_);
        for (auto const& s : members_) f(*s);
    }

private:
    void note_ticking() noexcept;
    void send_next() noexcept;
    bool send(std::shared_ptr<async_state> const& state) noexcept;
    void let_go(async_state& state) noexcept;
    void give_back(async_fiber& fiber) noexcept;
    void body(async_fiber& fiber);
    bool begin(async_fiber& fiber) noexcept;
    void serve(async_fiber& fiber) noexcept;
    template <class Wanted>
    bool call(async_fiber& fiber, Wanted wanted) noexcept;
    void failed(async_state& state, std::exception_ptr const& thrown) noexcept;
    void rouse(async_state const& state) noexcept;
    template <class Ready>
    void wait_quietly(std::unique_lock<std::mutex>& held, Ready ready) noexcept;
    template <class Ready>
    bool wait_quietly_for(std::unique_lock<std::mutex>& held, std::chrono::nanoseconds d, Ready ready) noexcept;
    void end() noexcept;
    void await_pass(std::unique_lock<std::mutex>& held) noexcept;
    void refuse_own_action(char const* what) const noexcept;

    std::string name_;
    std::uint32_t const id_;
    mutable std::mutex guard_;
    condition_variable_any quiet_;  // running_, sent_ or asleep_ has changed
    std::vector<std::shared_ptr<async_state>> members_;
    std::size_t turn_ = 0;  // where in members_ to look for the next
    unsigned names_given_ = 0;
    std::atomic<std::uint64_t> unsent_{0};  // times that no fiber could be had
    runners* pool_ = nullptr;               // not null: bound
    std::atomic<void const*> owner_{nullptr};  // the engine
    std::atomic<unsigned> runner_{0};
    bool closed_ = false;
    bool wall_ = false;
    std::atomic<bool> open_{false};  // written under guard_; read without between two calls of one pass
    async_state* sent_ = nullptr;
    async_fiber* running_ = nullptr;
    bool asleep_ = false;           // running_ sleeps in audio time,
    std::uint64_t wakes_at_ = 0;    // until this tick
    std::uint64_t now_ = 0;         // the tick that audio time has come to
    std::atomic<bool> ticking_{false};  // open, by the wall clock, and not empty
    std::int64_t load_ = 0;         // ns executed between the last two measurements,
    std::int64_t load_sum_ = 0;     // in all, as of the last,
    std::int64_t load_gone_ = 0;    // and by those that have left; less what was executed on borrowed workers
    std::int64_t run_before_ = 0;   // what running_ had executed when it began
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail
