// Hands actions from anybody who calls start() to the one task that calls them, without waiting or allocating.
//
// States of a slot: free -> writing -> posted -> held -> free by way of the consumer;
//                                posted -> retired -> free when a newer one is posted before the consumer looks.
//   free -> writing, retired -> writing   CAS by a poster, who alone touches the action until it publishes the slot
//   posted                                named by `latest_`; whoever exchanges it out of there owns the slot
//   posted -> retired                     by the poster whose exchange took it out
//   posted -> held, held -> free          by the consumer
//   retired -> writing -> free            by the consumer, which thereby destroys replaced actions off the audio thread
// Protocol: posting is wait-free for up to three posters at once: of four slots one is held, so that each finds a free
//   or a retired one or takes back the latest. Only in the last two cases does the poster destroy an action itself.
// Memory order: an index in `latest_` is published with release and taken with acquire; so is the state `retired`.
// Rejected: a spin lock (the audio thread would wait for a runner that was preempted); a heap node per action
// (allocates).
#pragma once

#include <array>
#include <atomic>
#include <hocket/audio/action.hpp>
#include <utility>

namespace hocket::inline HOCKET_ABI::audio::detail {

class action_mailbox {
public:
    // Makes `what` the action that the next take() returns. [audio]
    void post(action&& what) noexcept HOCKET_NONBLOCKING {
        int const mine = claim();
        // What captures do when they are moved or destroyed is known to those who made them.
        HOCKET_TRUSTED
        slots_[mine].what = std::move(what);
        HOCKET_TRUSTED_END
        slots_[mine].state.store(posted, std::memory_order_relaxed);
        // release: pairs with the acquire in take() and claim(); acquire: of a slot that another poster published
        int const replaced = latest_.exchange(mine, std::memory_order_acq_rel);
        if (replaced != none) slots_[replaced].state.store(retired, std::memory_order_release);
    }

    // The action posted last; null when none ever was. It stays valid until the next take(). [the consumer]
    action* take() noexcept {
        // acquire: pairs with the release in post()
        if (int const newest = latest_.exchange(none, std::memory_order_acquire); newest != none) {
            if (held_ != none) release(held_);
            held_ = newest;
            slots_[newest].state.store(held, std::memory_order_relaxed);
        }
        for (int i = 0; i < count; ++i)
            if (take_over(i, retired)) release(i);
        return held_ == none ? nullptr : &slots_[held_].what;
    }

    // Destroys every action. Nobody posts or takes meanwhile. [the consumer]
    void clear() noexcept {
        latest_.store(none, std::memory_order_relaxed);
        held_ = none;
        for (int i = 0; i < count; ++i) release(i);
    }

private:
    static constexpr int count = 4;
    static constexpr int none = -1;
    enum : int { free, writing, posted, held, retired };

    struct slot {
        std::atomic<int> state{free};
        action what;
    };

    // From `state` to writing. Looks first: a locked instruction that fails costs as much as one that does not.
    bool take_over(int i, int state) noexcept {
        // acquire: pairs with the releases in release() and post()
        return slots_[i].state.load(std::memory_order_relaxed) == state &&
               slots_[i].state.compare_exchange_strong(state, writing, std::memory_order_acquire,
                                                       std::memory_order_relaxed);
    }

    int claim() noexcept {
        for (;;) {
            for (int const usable : {int{free}, int{retired}})
                for (int i = 0; i < count; ++i)
                    if (take_over(i, usable)) return i;
            // acquire: pairs with the release in post()
            if (int const mine = latest_.exchange(none, std::memory_order_acquire); mine != none) return mine;
        }
    }

    void release(int i) noexcept {
        slots_[i].what.reset();
        slots_[i].state.store(free, std::memory_order_release);  // pairs with the acquire in claim()
    }

    std::array<slot, count> slots_;
    std::atomic<int> latest_{none};
    int held_ = none;  // the consumer's
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail
