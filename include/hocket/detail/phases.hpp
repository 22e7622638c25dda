// A number that goes on from phase to phase, and those who wait for that: what latch, barrier and event are made of.
#pragma once

#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/wait_limit.hpp>
#include <hocket/detail/wait_queue.hpp>

namespace hocket::inline HOCKET_ABI::detail {

// What it is part of, for dumps and last sentences.
enum class phases_of : std::uint8_t { barrier, event, latch };

class phases {
public:
    // Phases are even numbers; they wrap around.
    static constexpr std::uint32_t step = 2;

    constexpr explicit phases(phases_of what, std::uint32_t first = 0) noexcept : word_(first), what_(what) {}
    phases(phases const&) = delete;
    phases& operator=(phases const&) = delete;
    ~phases() {
        if ((word_.load(relaxed) & queued) != 0) destroyed_in_use();
    }

    // acquire: pairs with the release in move()
    std::uint32_t now() const noexcept { return word_.load(acquire) & ~queued; }

    // Goes from phase `from` to `to`, and lets all go on that wait in `from`; false when it is not at `from`. The
    // object may die as soon as those have returned who wait in it. [any thread]
    bool move(std::uint32_t from, std::uint32_t to) noexcept {
        std::uint32_t seen = from;
        // release: all before it, for who sees the new phase; acquire: for an event that is set again
        if (word_.compare_exchange_strong(seen, to, acq_rel, relaxed)) return true;
        return seen == (from | queued) && move_slow(from, to);
    }

    // Waits while it is at `phase`: whether it has gone on. Throws cancelled. [any thread]
    bool wait(std::uint32_t phase, wait_limit const& limit = {}) {
        return now() != phase || wait_slow(phase, limit);
    }

private:
    HOCKET_API bool move_slow(std::uint32_t from, std::uint32_t to) noexcept;
    HOCKET_API bool wait_slow(std::uint32_t phase, wait_limit const& limit);
    [[noreturn]] HOCKET_API void destroyed_in_use() noexcept;

    static constexpr std::uint32_t queued = 1;  // with a phase: somebody waits in it

    atomic<std::uint32_t> word_;
    phases_of const what_;
    wait_queue waiters_;
};

}  // namespace hocket::inline HOCKET_ABI::detail
