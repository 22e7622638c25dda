// Hands what an action has made to the audio thread, and what that is done with back, to be destroyed where it was
// made.
//
// States: an object is offered (the maker has finished it), current (the audio thread uses it), worn (the audio thread
// has put another in its place). At most one of each; the newest offer counts.
// Protocol: the maker alone offers, and destroys what is worn or was offered in vain; the audio thread alone moves
// offered -> current -> worn, and only while nothing is worn. So the audio thread neither waits nor frees.
// Memory order: the one who gives releases the pointer, the one who gets acquires it. current_ is the audio thread's.
#pragma once

#include <atomic>
#include <hocket/detail/config.hpp>
#include <memory>
#include <utility>

namespace hocket::inline HOCKET_ABI::audio {

template <class T>
class handover {
public:
    handover() noexcept = default;
    handover(handover const&) = delete;
    handover& operator=(handover const&) = delete;
    ~handover() { clear(); }

    // Destroys all. Neither maker nor audio thread uses it meanwhile. [control]
    void clear() noexcept {
        delete offered_.exchange(nullptr, std::memory_order_acquire);  // pairs with offer()
        delete std::exchange(current_, nullptr);
        collect();
    }

    // What the next take() finds, in place of an offer that was not taken. One maker at a time. [any thread but audio]
    void offer(std::unique_ptr<T> what) noexcept {
        collect();
        // release: pairs with take(). acquire: what comes back is destroyed here
        delete offered_.exchange(what.release(), std::memory_order_acq_rel);
    }
    // Destroys what is worn. One maker at a time. [any thread but audio]
    void collect() noexcept { delete worn_.exchange(nullptr, std::memory_order_acquire); }  // pairs with take()

    // Makes the offer current, if there is one and nothing is worn; true when it did, and then collect() is due.
    // [audio]
    bool take() noexcept {
        if (!waiting() || worn_.load(std::memory_order_relaxed) != nullptr) return false;
        T* const fresh = offered_.exchange(nullptr, std::memory_order_acquire);  // pairs with offer()
        if (fresh == nullptr) return false;
        worn_.store(std::exchange(current_, fresh), std::memory_order_release);  // pairs with collect()
        return true;
    }
    // True while an offer waits to be taken. [audio]
    bool waiting() const noexcept { return offered_.load(std::memory_order_relaxed) != nullptr; }
    // What is current; null before the first take(). [audio]
    T* get() const noexcept { return current_; }

private:
    std::atomic<T*> offered_{nullptr};
    std::atomic<T*> worn_{nullptr};
    T* current_ = nullptr;
};

}  // namespace hocket::inline HOCKET_ABI::audio
