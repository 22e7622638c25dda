// AsyncThreads as pinned fibers: binding, sending, waiting for quiescence. What the fibers do is in async_pass.cpp.
#include "audio/async_group.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <hocket/cancelled.hpp>
#include <hocket/this_fiber.hpp>
#include <thread>
#include <unordered_map>

#include "audio/async_fiber.hpp"
#include "audio/log.hpp"
#include "audio/misuse.hpp"
#include "audio/runners.hpp"

namespace hocket::inline HOCKET_ABI::audio::detail {

namespace {

struct directory {
    std::mutex guard;
    std::unordered_map<std::uint32_t, std::weak_ptr<async_group>> groups;
    std::uint32_t last = 0;
};

// Never destroyed: modules in static storage may outlive any static of ours.
directory& all_groups() {
    static directory& d = *new directory;
    return d;
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
    runners* to_nudge;
    {
        std::lock_guard const held(guard_);
        state->name = name_ + " thread " + std::to_string(names_given_);
        members_.push_back(state);
        ++names_given_;
        note_ticking();
        to_nudge = pool_;
    }
    if (to_nudge != nullptr) to_nudge->nudge();
}

// Waits for `ready`, also in a fiber of a runtime that is cancelled: its other waits end by an exception, this one lasts.
template <class Ready>
void async_group::wait_quietly(std::unique_lock<std::mutex>& held, Ready ready) noexcept {
    wait_quietly_for(held, std::chrono::hours(24 * 365), ready);
}

template <class Ready>
bool async_group::wait_quietly_for(std::unique_lock<std::mutex>& held, std::chrono::nanoseconds d, Ready ready) noexcept {
    auto const limit = std::chrono::steady_clock::now() + d;
    try {
        return quiet_.wait_until(held, limit, ready);
    } catch (cancelled const&) {
    }
    while (!ready() && std::chrono::steady_clock::now() < limit) {
        held.unlock();
        std::this_thread::sleep_for(tick_period);
        held.lock();
    }
    return ready();
}

void async_group::rename(std::string name) {
    std::lock_guard const held(guard_);
    name_ = std::move(name);
    for (std::size_t i = 0; i < members_.size(); ++i) members_[i]->name = name_ + " thread " + std::to_string(i);
}

void async_group::refuse_action_of(void const* owner) noexcept {
    if (!this_fiber::in_runtime()) return;
    async_fiber** const self = current_async_fiber().get_if();
    if (self == nullptr || *self == nullptr || (*self)->group.owner_.load(std::memory_order_relaxed) != owner) return;
    misuse("audio was paused in an action of '" + (*self)->state.name + "', which would wait for itself");
}

void async_group::refuse_own_action(char const* what) const noexcept {
    if (running_ == nullptr || !this_fiber::in_runtime()) return;
    async_fiber** const self = current_async_fiber().get_if();
    if (self != nullptr && *self == running_)
        misuse(std::string(what) + " in an action of '" + running_->state.name + "', which would wait for itself");
}

void async_group::quiesce(async_state& state) noexcept {
    std::unique_lock held(guard_);
    if (running_ != nullptr && &running_->state == &state) refuse_own_action("an AsyncThread was waited for");
    ++state.awaited;
    rouse(state);
    wait_quietly(held, [&] { return running_ == nullptr || &running_->state != &state; });
    --state.awaited;
}

// Who sleeps in audio time sleeps on in real time: audio time may stand still meanwhile.
void async_group::rouse(async_state const& state) noexcept {
    if (!asleep_ || &running_->state != &state) return;
    asleep_ = false;
    running_->later.release();
}

void async_group::leave(async_state& state) noexcept {
    std::unique_lock held(guard_);
    if (running_ != nullptr && &running_->state == &state) refuse_own_action("an AsyncThread was destroyed");
    state.ending = true;
    rouse(state);
    wait_quietly(held, [&] { return running_ == nullptr || &running_->state != &state; });
    let_go(state);
    auto const self = std::ranges::find(members_, &state, &std::shared_ptr<async_state>::get);
    if (self == members_.end()) return;
    load_gone_ += state.clock.run();
    if (static_cast<std::size_t>(self - members_.begin()) < turn_) --turn_;
    members_.erase(self);
    note_ticking();
    if (wall_) send_next();
}

void async_group::bind(runners& pool, unsigned runner, void const* owner) {
    {
        std::lock_guard const held(guard_);
        pool_ = &pool;
        owner_.store(owner, std::memory_order_relaxed);
        runner_.store(runner, std::memory_order_relaxed);
    }
    pool.add(shared_from_this());
}

void async_group::open(bool wall) noexcept {
    std::lock_guard const held(guard_);
    wall_ = wall;
    open_.store(!closed_, std::memory_order_relaxed);
    for (auto const& s : members_) {
        s->rested = true;
        s->due = false;
    }
    note_ticking();
}

void async_group::halt() noexcept {
    std::lock_guard const held(guard_);
    open_.store(false, std::memory_order_relaxed);
    note_ticking();
    if (sent_ != nullptr) let_go(*sent_);  // what it was asked for stays in its word
    if (running_ != nullptr) rouse(running_->state);
}

bool async_group::settle(std::chrono::nanoseconds patience) noexcept {
    std::unique_lock held(guard_);
    refuse_own_action("audio was paused");
    return wait_quietly_for(held, patience, [&] { return running_ == nullptr; });
}

void async_group::settle() noexcept {
    while (!settle(std::chrono::seconds(1)))
        say([this] {
            if (std::string const who = running(); !who.empty())
                log_warning("still waiting for a running action of '" + who + "'");
        });
}

std::string async_group::running() const {
    std::lock_guard const held(guard_);
    return running_ != nullptr ? running_->state.name : std::string();
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
            let_go(*s);
        }
    }
    if (pool != nullptr) pool->remove(*this);
}

// ---- ticks

bool async_group::tick() noexcept {
    std::unique_lock const held(guard_, std::try_to_lock);
    if (!held) return true;  // somebody changes something: at the next tick
    if (!ticking()) return false;
    for (auto const& s : members_) {
        // Who runs, or is about to, is asked again at the tick after its end: the delay is fixed, not the rate.
        if (s->ending || s.get() == sent_ || (running_ != nullptr && &running_->state == s.get())) continue;
        if (s->word.read().any())
            s->due = true;
        else
            s->rested = true;
    }
    send_next();
    return true;
}

// Sends the next that is due, unless somebody is on the way.
void async_group::send_next() noexcept {
    if (sent_ != nullptr || running_ != nullptr || !open_.load(std::memory_order_relaxed)) return;
    for (std::size_t tried = 0; tried < members_.size(); ++tried) {
        if (turn_ >= members_.size()) turn_ = 0;
        auto const& s = members_[turn_++];
        if (!s->due || s->ending) continue;
        if (send(s)) return;
    }
}

// False when no fiber can be had; it stays due.
bool async_group::send(std::shared_ptr<async_state> const& state) noexcept {
    // Who overran its budget the last time does not occupy the runner's own worker again.
    unsigned const before = state->fiber != nullptr ? state->fiber->worker : 0;
    int const spare = state->clock.overran() ? pool_->borrow(before) : -1;
    unsigned const worker =
        spare >= 0 ? static_cast<unsigned>(spare) : pool_->worker_of(runner_.load(std::memory_order_relaxed));
    if (state->fiber != nullptr && state->fiber->worker != worker) let_go(*state);
    if (state->fiber == nullptr) {
        try {
            auto fiber = std::make_shared<async_fiber>(*this, *state, *pool_, worker);
            // The closure keeps alive what the fiber refers to.
            pool_->go(state->name, worker, [self = shared_from_this(), state, fiber] { self->body(*fiber); });
            state->fiber = std::move(fiber);
        } catch (std::exception const& e) {
            if (spare >= 0) pool_->give_back(worker);
            std::uint64_t const n = unsent_.fetch_add(1, std::memory_order_relaxed) + 1;
            if ((n & (n - 1)) == 0)
                say([&] {
                    log_error("'" + state->name + "' waits for a later tick: no fiber can be had (" + e.what() + ")");
                });
            return false;
        }
    }
    state->due = false;
    sent_ = state.get();
    state->fiber->borrowed = spare >= 0;
    state->fiber->wake.release();
    return true;
}

void async_group::give_back(async_fiber& fiber) noexcept {
    if (std::exchange(fiber.borrowed, false)) fiber.pool.give_back(fiber.worker);
}

// Its fiber ends, when it has one, which does not run.
void async_group::let_go(async_state& state) noexcept {
    if (sent_ == &state) {
        sent_ = nullptr;
        quiet_.notify_all();
    }
    if (state.fiber == nullptr) return;
    give_back(*state.fiber);
    state.fiber->let_go = true;
    state.fiber->wake.release();
    state.fiber.reset();
}

void async_group::moved() noexcept {
    std::lock_guard const held(guard_);
    if (sent_ == nullptr) return;
    sent_->due = true;
    for (auto const& s : members_)
        if (s.get() == sent_) {
            let_go(*s);
            send(s);
            return;
        }
}

bool async_group::rehome(unsigned runner) noexcept {
    std::lock_guard const held(guard_);
    if (running_ != nullptr || sent_ != nullptr) return false;
    runner_.store(runner, std::memory_order_relaxed);
    return true;
}

std::int64_t async_group::measure() noexcept {
    std::lock_guard const held(guard_);
    std::int64_t sum = load_gone_;
    for (auto const& s : members_) sum += s->clock.run();
    return load_ = sum - std::exchange(load_sum_, sum);
}

// guard_ is held.
void async_group::note_ticking() noexcept {
    ticking_.store(open_.load(std::memory_order_relaxed) && wall_ && !members_.empty(), std::memory_order_relaxed);
}

// ---- audio time

std::vector<std::shared_ptr<async_state>> async_group::due(std::uint64_t now) {
    std::lock_guard const held(guard_);
    now_ = now;
    std::vector<std::shared_ptr<async_state>> result;
    for (auto const& s : members_)
        if (s->word.read().any()) result.push_back(s);
    return result;
}

// Until nobody is on the way, or who is sleeps.
void async_group::await_pass(std::unique_lock<std::mutex>& held) noexcept {
    auto const over = [&] { return sent_ == nullptr && (running_ == nullptr || asleep_); };
    while (!wait_quietly_for(held, std::chrono::seconds(1), over))
        say([&] {
            log_warning("audio time waits for a running action of '" +
                        (running_ != nullptr ? running_->state.name : sent_->name) + "'");
        });
}

void async_group::wake_sleeper() noexcept {
    std::unique_lock held(guard_);
    if (!asleep_ || wakes_at_ > now_) return;
    asleep_ = false;
    running_->later.release();
    await_pass(held);
}

void async_group::run(async_state& state) noexcept {
    std::unique_lock held(guard_);
    if (!open_.load(std::memory_order_relaxed) || state.ending || running_ != nullptr) return;
    auto const self = std::ranges::find(members_, &state, &std::shared_ptr<async_state>::get);
    if (self == members_.end() || !send(*self)) return;
    await_pass(held);
}

bool async_group::sleep(async_fiber& fiber, std::chrono::nanoseconds d) {
    {
        std::lock_guard const held(guard_);
        if (wall_ || !open_.load(std::memory_order_relaxed) || running_ != &fiber || fiber.state.ending ||
            fiber.state.awaited != 0)
            return false;
        auto const ticks = (d.count() + tick_period.count() - 1) / tick_period.count();
        wakes_at_ = now_ + static_cast<std::uint64_t>(std::max<std::int64_t>(ticks, 1));
        asleep_ = true;
        quiet_.notify_all();
    }
    fiber.later.acquire();
    std::chrono::nanoseconds rest{0};
    {
        std::lock_guard const held(guard_);
        if (wakes_at_ > now_) rest = static_cast<std::int64_t>(wakes_at_ - now_) * tick_period;
    }
    // Audio time stopped meanwhile. A stopped action does not come here again: the group is not open.
    if (rest.count() > 0) this_fiber::sleep_for(rest);
    return true;
}

}  // namespace hocket::inline HOCKET_ABI::audio::detail
