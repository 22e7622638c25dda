// The fiber of an AsyncThread: what it does from being woken to being done.
#include <chrono>
#include <exception>
#include <hocket/arena.hpp>
#include <hocket/this_fiber.hpp>

#include "audio/async_fiber.hpp"
#include "audio/async_group.hpp"
#include "audio/before_action.hpp"
#include "audio/log.hpp"
#include "audio/runners.hpp"

namespace hocket::inline HOCKET_ABI::audio::detail {

std::atomic<void (*)()> before_action{nullptr};

namespace {

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

void async_group::body(async_fiber& fiber) {
    try {
        *current_async_fiber() = &fiber;
    } catch (std::exception const&) {
        // No memory: whoever sent it tries again at a later tick.
        std::lock_guard const held(guard_);
        if (fiber.let_go) return;
        fiber.state.due = true;
        return let_go(fiber.state);
    }
    for (;;) {
        fiber.wake.acquire();
        if (begin(fiber)) {
            serve(fiber);
            end();
        }
        std::lock_guard const held(guard_);
        if (fiber.let_go) return;
    }
}

bool async_group::begin(async_fiber& fiber) noexcept {
    std::lock_guard const held(guard_);
    // Let go, or woken for an AsyncThread that has been sent elsewhere since.
    if (fiber.let_go || sent_ != &fiber.state) return false;
    sent_ = nullptr;
    if (fiber.state.ending || !open_.load(std::memory_order_relaxed)) {
        give_back(fiber);
        quiet_.notify_all();
        return false;
    }
    running_ = &fiber;
    run_before_ = fiber.state.clock.run();
    fiber.has_budget = wall_;
    if (wall_) fiber.pool.settle_thread(fiber.worker, fiber.borrowed);
    if (std::exchange(fiber.state.rested, false)) fiber.state.clock.rest();
    return true;
}

void async_group::end() noexcept {
    std::lock_guard const held(guard_);
    if (running_->borrowed) load_gone_ -= running_->state.clock.run() - run_before_;
    give_back(*running_);
    running_ = nullptr;
    if (wall_) send_next();
    quiet_.notify_all();
}

// One pass: the periodic call, then the calls requested before the pass began. What is left when the budget is spent or
// audio is paused is served at a later tick; in audio time there is no budget, because it would depend on the machine.
void async_group::serve(async_fiber& fiber) noexcept {
    async_word& word = fiber.state.word;
    auto const demand = word.read();
    auto const until = std::chrono::steady_clock::now() + action_budget;
    if (demand.periodic) call(fiber, [&word] { return word.read().periodic; });
    for (std::uint64_t i = 0; i < demand.calls; ++i) {
        if (fiber.has_budget && (i != 0 || demand.periodic) && std::chrono::steady_clock::now() >= until) break;
        bool const called = call(fiber, [&word] { return word.take(); });
        word.finish();
        if (!called) break;
    }
}

// Calls the action, if there is one, unless audio is paused, or `wanted` is false, when there is a permit for it. Whether
// it was called.
template <class Wanted>
bool async_group::call(async_fiber& fiber, Wanted wanted) noexcept {
    async_state& state = fiber.state;
    permits& permit = fiber.pool.permit();
    std::int64_t const began = permit.acquire(fiber.worker, state.name);
    // Only now, for it may have taken long: nothing begins after stop() or a pause.
    bool const goes = open_.load(std::memory_order_relaxed) && wanted();
    auto const asked = state.word.snapshot();
    action* const what = goes ? state.mailbox.take() : nullptr;
    if (what == nullptr || !*what) {
        permit.release(fiber.worker);
        // Unless something has been asked for since, with an action perhaps.
        if (!goes || !state.word.stop_if(asked)) return false;
        state.failures.store(state.failures.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        say([&] { log_error("'" + state.name + "' was started without an action; it is stopped"); });
        return false;
    }
    state.clock.begin(began);
    fiber.executing = true;
    arena* memory = nullptr;
    try {
        memory = &this_fiber::arena();
        if (auto* const delay = before_action.load(std::memory_order_relaxed); delay != nullptr) delay();
        (*what)();
    } catch (...) {
        failed(state, std::current_exception());
    }
    if (memory != nullptr) memory->reset();  // after the exception, which may lie in it
    fiber.executing = false;
    state.clock.executed(permit.release(fiber.worker));
    state.clock.end(std::chrono::nanoseconds(action_budget).count());
    state.calls.store(state.calls.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return true;
}

void async_group::failed(async_state& state, std::exception_ptr const& thrown) noexcept {
    std::uint64_t const failures = state.failures.load(std::memory_order_relaxed) + 1;
    state.failures.store(failures, std::memory_order_relaxed);
    // A periodic action may fail 2000 times a second: the log hears of the first, second, fourth, eighth ...
    if ((failures & (failures - 1)) == 0)
        say([&] {
            log_error("an action of '" + state.name + "' threw: " + what_of(thrown) + " (failure " +
                      std::to_string(failures) + ")");
        });
}

}  // namespace hocket::inline HOCKET_ABI::audio::detail
