// What is asked of an AsyncThread, in one word that everybody may write without waiting.
//
// States: bit 0 periodic; bit 1 serving: a requested call is under way; the rest counts requested calls not begun.
//   start()     sets periodic                          [audio]
//   run_once()  adds one to the count                  [audio]
//   stop()      clears everything                      [audio]
//   take()      count > 0: takes one off, sets serving [its task]
//   finish()    clears serving                         [its task]
// serving only keeps is_enabled() true during a requested call; stop() may clear it under a call: nothing else changes.
// Memory order: requests release, so that an action sees what the requester wrote before; the task acquires.
#pragma once

#include <atomic>
#include <cstdint>
#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::audio::detail {

class async_word {
public:
    // What a task has to do, as its runner reads it.
    struct demand {
        bool periodic;
        std::uint64_t calls;
        bool any() const noexcept { return periodic || calls != 0; }
    };

    void start() noexcept { word_.fetch_or(periodic, std::memory_order_release); }     // pairs with read()
    void run_once() noexcept { word_.fetch_add(one, std::memory_order_release); }      // pairs with read()
    void stop() noexcept { word_.store(0, std::memory_order_release); }
    bool enabled() const noexcept { return word_.load(std::memory_order_acquire) != 0; }

    demand read() const noexcept {
        // acquire: pairs with the releases in start() and run_once()
        std::uint64_t const w = word_.load(std::memory_order_acquire);
        return {(w & periodic) != 0, w / one};
    }

    // False when no call is requested any more. [its task]
    bool take() noexcept {
        std::uint64_t w = word_.load(std::memory_order_relaxed);
        do
            if (w / one == 0) return false;
        // acquire: pairs with the release in run_once()
        while (!word_.compare_exchange_weak(w, (w - one) | serving, std::memory_order_acquire,
                                            std::memory_order_relaxed));
        return true;
    }
    // Stops unless anything has been asked for, or stopped, since the snapshot. [its task]
    std::uint64_t snapshot() const noexcept { return word_.load(std::memory_order_acquire); }  // pairs as in read()
    bool stop_if(std::uint64_t seen) noexcept {
        return word_.compare_exchange_strong(seen, 0, std::memory_order_release, std::memory_order_relaxed);
    }
    void finish() noexcept { word_.fetch_and(~serving, std::memory_order_release); }  // pairs with enabled()

private:
    static constexpr std::uint64_t periodic = 1;
    static constexpr std::uint64_t serving = 2;
    static constexpr std::uint64_t one = 4;

    std::atomic<std::uint64_t> word_{0};
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail
