// Two plain counters that something must guard: inside they are equal, and nothing added to them is lost.
#pragma once

#include <atomic>
#include <cstdint>
#include <hocket/this_fiber.hpp>

namespace hocket::stress {

// Where the guard is left out on purpose the counters are atomic in each access, so that only the counting goes wrong
// and not the program. Else TSan sees a guard that does not order one section before the next.
class guarded_pair {
public:
    explicit guarded_pair(bool unguarded) noexcept : unguarded_(unguarded) {}
    bool equal() { return get(first_) == get(second_); }
    // Reads, lets others run in between if so asked, writes.
    void add_one(bool pause) {
        std::uint64_t const next = get(first_) + 1;
        set(first_, next);
        if (pause) this_fiber::yield();
        set(second_, next);
    }
    std::uint64_t first() { return get(first_); }
    std::uint64_t second() { return get(second_); }

private:
    std::uint64_t get(std::uint64_t& n) { return unguarded_ ? std::atomic_ref(n).load(std::memory_order_relaxed) : n; }
    void set(std::uint64_t& n, std::uint64_t to) {
        if (unguarded_)
            std::atomic_ref(n).store(to, std::memory_order_relaxed);
        else
            n = to;
    }
    bool const unguarded_;
    std::uint64_t first_ = 0;
    std::uint64_t second_ = 0;
};

}  // namespace hocket::stress
