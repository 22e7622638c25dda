// The face of an AsyncThread.
#include <hocket/audio/async_thread.hpp>
#include <hocket/audio/module.hpp>
#include <mutex>
#include <stdexcept>

#include "audio/async_group.hpp"
#include "audio/async_state.hpp"
#include "audio/construction.hpp"
#include "audio/module_access.hpp"

namespace hocket::inline HOCKET_ABI::audio {

using detail::async_group;
using detail::async_state;

static void give_home(std::shared_ptr<async_state> const& state, std::shared_ptr<async_group> group) {
    group->join(state);
    state->home = std::move(group);
    state->has_home.store(true, std::memory_order_release);  // pairs with the acquire wherever home is used
}

static void require_action(action const& what) {
    if (!what) throw std::invalid_argument("an AsyncThread was given an empty action");
}

async_thread::async_thread() : async_thread(nullptr) {}

async_thread::async_thread(module* owner) : state_(std::make_shared<async_state>()) {
    auto group = owner != nullptr ? detail::module_access::group(*owner) : detail::construction::current();
    if (group) give_home(state_, std::move(group));
}

async_thread::async_thread(action&& what) : async_thread(nullptr, std::move(what)) {}

async_thread::async_thread(module* owner, action&& what) : async_thread((require_action(what), owner)) {
    state_->mailbox.post(std::move(what));
}

async_thread::~async_thread() {
    if (state_->has_home.load(std::memory_order_acquire)) state_->home->leave(*state_);
    // The task is gone or will not look again; nor may anybody call start() on an object that is being destroyed.
    state_->mailbox.clear();
}

void async_thread::start() noexcept { state_->word.start(); }

void async_thread::start(action&& what) noexcept {
    state_->mailbox.post(std::move(what));
    state_->word.start();
}

void async_thread::stop() noexcept { state_->word.stop(); }

void async_thread::run_once() noexcept { state_->word.run_once(); }

bool async_thread::is_enabled() const noexcept { return state_->word.enabled(); }

bool async_thread::attach(std::uint32_t module_id) {
    if (state_->has_home.load(std::memory_order_acquire)) return true;
    auto group = async_group::find(module_id);
    if (!group) return false;
    std::lock_guard const held(state_->homing);
    if (!state_->has_home.load(std::memory_order_relaxed)) give_home(state_, std::move(group));
    return true;
}

void async_thread::quiesce() {
    if (state_->has_home.load(std::memory_order_acquire)) state_->home->quiesce(*state_);
}

std::uint64_t async_thread::calls() const noexcept { return state_->calls.load(std::memory_order_relaxed); }

std::uint64_t async_thread::failures() const noexcept { return state_->failures.load(std::memory_order_relaxed); }

}  // namespace hocket::inline HOCKET_ABI::audio
