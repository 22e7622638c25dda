// Whose a worker's queues are: its own, at no price, until a thief comes.
//
// States (word_): 0 private: the owner uses neither locked instructions nor fences. open | n: shared: n thieves are at
//   work, and the owner has been seen to know of it. n without open: somebody is on his way in.
// Protocol: a thief counts himself in, and if the queues are not open yet, passes a heavy fence: from then on the owner
//   sees a word that is not 0 before it touches anything. What the owner does without looking twice it does in a
//   section, begin() to end(); the thief waits until he has seen it outside, then sets open. The owner never waits:
//   when begin() or shared() tell of thieves, it does the same with a locked instruction. A thief waits only briefly:
//   an owner that lost its core in a section is not waited for. After `patience` shared operations the owner takes
//   the queues back, if no thief is inside.
// Memory order: begin() stores inside_, then reads word_, and only the compiler is kept from swapping the two; the
//   thief's heavy fence (membarrier) makes either the owner see the thief counted, or the thief see the owner in his
//   section, and all that it stored before. end() releases what the owner did to the thief who sees it outside; leave()
//   releases what a thief did to the owner's taking back. Where the kernel has no membarrier the queues are shared from
//   the beginning to the end.
// Source: biased locks with asymmetric fences (Dice, Huang, Yang, Asymmetric Dekker Synchronization, 2001).
// Rejected: exporting on demand (nobody helps a worker that is stuck in a long task); a compare-and-swap for each
//   operation (5 ns: a quarter of a yield).
#pragma once

#include <cstdint>
#include <hocket/detail/atomic.hpp>

namespace hocket::inline HOCKET_ABI::detail {

class bias {
public:
    bias() noexcept;

    // Opens a section: true when the queues are private, and remain so until end(). [owner]
    bool begin() noexcept {
        inside_.store(1, relaxed);
        return !shared();
    }
    // Ends it; also after a begin() that was false. [owner]
    void end() noexcept { inside_.store(0, release); }  // pairs with the acquire in enter()

    // Whether to take the long way, for an operation whose first half has been stored already. [owner]
    bool shared() const noexcept {
#ifndef HOCKET_EXPLORED
        std::atomic_signal_fence(std::memory_order_seq_cst);
#endif
        return word_.load(relaxed) != 0;
    }

    // After each operation the long way: takes the queues back once no thief has come for a while. [owner]
    void used_shared() noexcept {
        if (++shared_uses_ < patience) return;
        shared_uses_ = 0;
        take_back();
    }

    // Makes the queues private, unless a thief is inside. [owner]
    void take_back() noexcept {
        std::uint32_t idle = open;
        word_.compare_exchange_strong(idle, 0, acquire, relaxed);  // pairs with the release in leave()
    }

    // Makes the queues open to the caller until leave(). False when the owner stood still in a section: nothing may be
    // taken, and leave() is not called. About 2 us when they were private. [any thread but the owner]
    bool enter() noexcept;
    void leave() noexcept { word_.fetch_sub(1, release); }  // pairs with the acquire in take_back()

private:
    static constexpr std::uint32_t open = 1u << 31;
#ifdef HOCKET_EXPLORED
    static constexpr std::uint32_t patience = 2;
#else
    static constexpr std::uint32_t patience = 256;
#endif

    atomic<std::uint32_t> inside_{0};
    std::uint32_t shared_uses_ = 0;  // the owner's own
    alignas(64) atomic<std::uint32_t> word_;
};

// A thief's stay.
class visit_as_thief {
public:
    explicit visit_as_thief(bias& b) noexcept : bias_(b), inside_(b.enter()) {}
    visit_as_thief(visit_as_thief const&) = delete;
    visit_as_thief& operator=(visit_as_thief const&) = delete;
    ~visit_as_thief() {
        if (inside_) bias_.leave();
    }
    explicit operator bool() const noexcept { return inside_; }

private:
    bias& bias_;
    bool const inside_;
};

}  // namespace hocket::inline HOCKET_ABI::detail
