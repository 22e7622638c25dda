// AsyncThreads as pinned tasks: binding, running, waiting for quiescence.
#include "audio/async_group.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <hocket/arena.hpp>
#include <hocket/this_fiber.hpp>
#include <typeinfo>
#include <unordered_map>

#include "audio/log.hpp"
#include "audio/misuse.hpp"
#include "audio/runners.hpp"

namespace hocket::inline HOCKET_ABI::audio::detail {

namespace {

// How long one AsyncThread may go on with requested calls before its neighbours have a turn.
constexpr std::chrono::milliseconds pass_budget{2};

struct directory {
    mutex guard;
    std::unordered_map<std::uint32_t, std::weak_ptr<async_group>> groups;
    std::uint32_t last = 0;
};

// Never destroyed: modules in static storage may outlive any static of ours.
directory& all_groups() {
    static directory& d = *new directory;
    return d;
}

std::string what_of(std::exception_ptr const& e) {
    try {
        std::rethrow_exception(e);
    } catch (std::exception const& x) {
        return x.what();
    } catch (...) {
        return "an exception that is no std::exception";
    }
}

}  // namespace

std::shared_ptr<async_group> async_group::make(std::string name) {
    directory& d = all_groups();
    std::lock_guard const held(d.guard);
    while (++d.last == 0 || d.groups.contains(d.last)) {
    }
    auto group = std::make_shared<async_group>(private_tag(), std::move(name), d.last);
    d.groups.emplace(d.last, group);
    return group;
}

std::shared_ptr<async_group> async_group::find(std::uint32_t id) {
    directory& d = all_groups();
    std::lock_guard const held(d.guard);
    auto const found = d.groups.find(id);
    return found == d.groups.end() ? nullptr : found->second.lock();
}

async_group::async_group(private_tag, std::string name, std::uint32_t id) : name_(std::move(name)), id_(id) {}

async_group::~async_group() {
    directory& d = all_groups();
    std::lock_guard const held(d.guard);
    d.groups.erase(id_);
}

void async_group::join(std::shared_ptr<async_state> const& state) {
    runners* to_nudge = nullptr;
    {
        std::lock_guard const held(guard_);
        state->name = name_ + " thread " + std::to_string(names_given_);
        members_.push_back(state);
        if (pool_ != nullptr && !closed_) {
            try {
                spawn(state);
            } catch (...) {
                members_.pop_back();
                throw;
            }
            to_nudge = pool_;
        }
        ++names_given_;
    }
    if (to_nudge != nullptr) to_nudge->nudge();
}

void async_group::refuse_own_action(char const* what) const noexcept {
    if (running_ != nullptr && running_->task == this_fiber::get_id() && this_fiber::in_runtime())
        misuse(std::string(what) + " in an action of '" + running_->name + "', which would wait for itself");
}

void async_group::quiesce(async_state& state) noexcept {
    std::unique_lock held(guard_);
    if (running_ == &state) refuse_own_action("an AsyncThread was waited for");
    quiet_.wait(held, [&] { return running_ != &state; });
}

void async_group::leave(async_state& state) noexcept {
    std::unique_lock held(guard_);
    if (running_ == &state) refuse_own_action("an AsyncThread was destroyed");
    state.ending = true;
    if (state.has_task) state.wake.release();
    quiet_.wait(held, [&] { return running_ != &state; });
    std::erase_if(members_, [&](auto const& s) { return s.get() == &state; });
}

void async_group::bind(runners& pool, unsigned runner) {
    {
        std::lock_guard const held(guard_);
        pool_ = &pool;
        runner_ = runner;
        for (auto const& s : members_) spawn(s);
    }
    pool.add(shared_from_this(), runner);
}

void async_group::open(bool wall) noexcept {
    std::lock_guard const held(guard_);
    wall_ = wall;
    open_.store(!closed_, std::memory_order_relaxed);
}

void async_group::halt() noexcept {
    std::lock_guard const held(guard_);
    open_.store(false, std::memory_order_relaxed);
}

void async_group::settle() noexcept {
    std::unique_lock held(guard_);
    refuse_own_action("audio was paused");
    while (!quiet_.wait_for(held, std::chrono::seconds(1), [&] { return running_ == nullptr; }))
        log_warning("still waiting for a running action of '" + running_->name + "'");
}

void async_group::close() noexcept {
    halt();
    settle();
    runners* pool;
    {
        std::lock_guard const held(guard_);
        closed_ = true;
        pool = std::exchange(pool_, nullptr);
        for (auto const& s : members_) {
            s->ending = true;
            if (s->has_task) s->wake.release();
        }
    }
    if (pool != nullptr) pool->remove(*this, runner_);
}

void async_group::wake(async_state& state) noexcept {
    state.scheduled = true;
    state.wake.release();
}

bool async_group::tick() noexcept {
    std::lock_guard const held(guard_);
    if (!open_.load(std::memory_order_relaxed) || !wall_) return false;
    for (auto const& s : members_)
        if (s->has_task && !s->scheduled && !s->ending && s->word.read().any()) wake(*s);
    return !members_.empty();
}

std::vector<std::shared_ptr<async_state>> async_group::due() {
    std::lock_guard const held(guard_);
    std::vector<std::shared_ptr<async_state>> result;
    for (auto const& s : members_)
        if (s->has_task && s->word.read().any()) result.push_back(s);
    return result;
}

void async_group::run(async_state& state) noexcept {
    std::unique_lock held(guard_);
    if (!open_.load(std::memory_order_relaxed) || state.ending || !state.has_task) return;
    if (!state.scheduled) wake(state);
    quiet_.wait(held, [&] { return !state.scheduled || state.ending; });
    quiet_.wait(held, [&] { return running_ != &state; });
}

void async_group::spawn(std::shared_ptr<async_state> const& state) {
    pool_->go(state->name, runner_, [self = shared_from_this(), state] { self->body(*state); });
    state->has_task = true;
}

// The task of one AsyncThread.
void async_group::body(async_state& state) {
    for (;;) {
        state.wake.acquire();
        {
            std::lock_guard const turn(turn_);
            if (begin(state)) {
                serve(state);
                end(state);
            }
        }
        std::lock_guard const held(guard_);
        if (state.ending) return;
    }
}

bool async_group::begin(async_state& state) noexcept {
    std::lock_guard const held(guard_);
    if (state.ending || !open_.load(std::memory_order_relaxed)) {
        state.scheduled = false;
        quiet_.notify_all();
        return false;
    }
    state.task = this_fiber::get_id();
    running_ = &state;
    return true;
}

void async_group::end(async_state& state) noexcept {
    std::lock_guard const held(guard_);
    state.scheduled = false;
    running_ = nullptr;
    quiet_.notify_all();
}

// One pass: the periodic call, then the calls requested before the pass began. What is left when the budget is spent or
// audio is paused is served at a later tick; in audio time there is no budget, because it would depend on the machine.
void async_group::serve(async_state& state) noexcept {
    auto const demand = state.word.read();
    auto const until = std::chrono::steady_clock::now() + pass_budget;
    if (demand.periodic) call(state);
    for (std::uint64_t i = 0; i < demand.calls; ++i) {
        if (!open_.load(std::memory_order_relaxed)) break;
        if (wall_ && (i != 0 || demand.periodic) && std::chrono::steady_clock::now() >= until) break;
        if (!state.word.take()) break;
        call(state);
        state.word.finish();
    }
}

void async_group::call(async_state& state) noexcept {
    action* const what = state.mailbox.take();
    std::uint64_t failures = state.failures.load(std::memory_order_relaxed);
    if (what == nullptr || !*what) {
        state.word.stop();
        state.failures.store(failures + 1, std::memory_order_relaxed);
        log_error("'" + state.name + "' was started without an action; it is stopped");
        return;
    }
    std::exception_ptr thrown;
    arena* memory = nullptr;
    try {
        memory = &this_fiber::arena();
        (*what)();
    } catch (...) {
        thrown = std::current_exception();
    }
    if (memory != nullptr) memory->reset();
    state.calls.store(state.calls.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    if (thrown == nullptr) return;
    state.failures.store(++failures, std::memory_order_relaxed);
    // A periodic action may fail 2000 times a second: the log hears of the first, second, fourth, eighth ...
    if ((failures & (failures - 1)) == 0)
        log_error("an action of '" + state.name + "' threw: " + what_of(thrown) + " (failure " +
                  std::to_string(failures) + ")");
}

}  // namespace hocket::inline HOCKET_ABI::audio::detail
