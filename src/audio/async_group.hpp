// The AsyncThreads of one module: when they may run, and that never two of them do.
//
// States: loose (built, no runner) -> bound (has a runner; its tasks exist) -> closed (no action runs ever again).
//   A bound group is open or halted; only while it is open does an action begin.
// Protocol:
//   1. Each AsyncThread is a task pinned to the group's runner, asleep on its `wake` until a tick finds it asked for.
//   2. It takes `turn_`, which it holds while the action runs, suspended or not: never two of one module, first come
//      first served. Then, under `guard_`, it looks whether the group is open and it is not ending, and only then
//      becomes `running_`. Whoever halts the group or ends the AsyncThread sets its flag under the same lock and then
//      waits until `running_` is gone: no action slips in between the test and the run.
//   3. Locks are taken in the order runner, group. `turn_` is not held by those who wait for quiescence.
//   4. A task looks at its AsyncThread's mailbox only while it is `running_`.
// Nothing here is called by the audio thread, which touches only async_word and action_mailbox.
#pragma once

#include <atomic>
#include <cstdint>
#include <hocket/condition_variable.hpp>
#include <hocket/mutex.hpp>
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
    // For log lines; set before it is bound. [control]
    void rename(std::string name) { name_ = std::move(name); }

    // Adds an AsyncThread; gives it a task if the group is bound. Throws as runtime::go. [any thread but audio]
    void join(std::shared_ptr<async_state> const& state);
    // Waits until no call of it is under way, and takes it out. In its own action misuse. [any thread but audio]
    void leave(async_state& state) noexcept;
    // Waits until no call of it is under way. In its own action misuse. [any thread but audio]
    void quiesce(async_state& state) noexcept;

    // Gives each AsyncThread its task, on runner `runner` of `pool`. The group is loose. Throws as runtime::go, after
    // which the group is to be closed. [control]
    void bind(runners& pool, unsigned runner);
    // Lets actions begin; `wall` says whether the runner's own ticks ask for them. [control]
    void open(bool wall) noexcept;
    // Lets none begin. [control]
    void halt() noexcept;
    // Waits until none runs; logs who it waits for after each second. Misuse in an action of this group. [control]
    void settle() noexcept;
    // halt(), settle(), and ends the tasks. [control]
    void close() noexcept;

    // Wakes the tasks that are asked for; true while the group is open, ticks by the wall clock and has any. [worker]
    bool tick() noexcept;

    // Those that are asked for now, oldest first. Throws std::bad_alloc. [control]
    std::vector<std::shared_ptr<async_state>> due();
    // Runs what is asked of one and waits until that is done. Does nothing unless the group is open. [control]
    void run(async_state& state) noexcept;

    // [control]
    template <class F>
    void each(F&& f) {
        std::lock_guard const held(guard_);
        for (auto const& s : members_) f(*s);
    }

private:
    void spawn(std::shared_ptr<async_state> const& state);
    void body(async_state& state);
    bool begin(async_state& state) noexcept;
    void serve(async_state& state) noexcept;
    void call(async_state& state) noexcept;
    void end(async_state& state) noexcept;
    void wake(async_state& state) noexcept;
    void refuse_own_action(char const* what) const noexcept;

    std::string name_;
    std::uint32_t const id_;
    mutex turn_;
    mutex guard_;
    condition_variable quiet_;  // running_ or somebody's `scheduled` has been cleared
    std::vector<std::shared_ptr<async_state>> members_;
    unsigned names_given_ = 0;
    runners* pool_ = nullptr;  // not null: bound
    unsigned runner_ = 0;
    bool closed_ = false;
    bool wall_ = false;
    std::atomic<bool> open_{false};  // written under guard_; read without between two calls of one pass
    async_state* running_ = nullptr;
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail
