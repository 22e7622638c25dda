// Placing, finding and firing timers: see the head of timer_wheel.hpp.
#include "fibers/sched/timer_wheel.hpp"

#include <bit>
#include <utility>

#include "fibers/sched/task.hpp"
#include "seam/fault.hpp"

namespace hocket::inline HOCKET_ABI::detail {

void timer_wheel::place(timer& t) noexcept {
    // Rounded up, so that it never fires early; at least the next tick, because the present one has been done.
    std::uint64_t when = tick_of(t.deadline) + 1;
    if (when <= elapsed_) when = elapsed_ + 1;
    constexpr std::uint64_t reach = std::uint64_t{1} << (level_bits * levels);
    if ((when ^ elapsed_) >= reach) when = (elapsed_ | (reach - 1));  // the last moment before the wheel's own turn
    if (when <= elapsed_) when = elapsed_ + 1;                        // ... which is now: go round once more
    std::uint64_t const differs = (when ^ elapsed_) | 1;
    int level = (63 - std::countl_zero(differs)) / level_bits;
    if (level >= levels) level = levels - 1;
    int const slot = static_cast<int>((when >> (level * level_bits)) & (slots - 1));
    t.level = static_cast<unsigned char>(level);
    t.slot = static_cast<unsigned char>(slot);
    list& l = slots_[level][slot];
    t.next = nullptr;
    t.previous = l.last;
    (l.last != nullptr ? l.last->next : l.first) = &t;
    l.last = &t;
    occupied_[level] |= std::uint64_t{1} << slot;
}

void timer_wheel::unlink(timer& t) noexcept {
    list& l = slots_[t.level][t.slot];
    (t.previous != nullptr ? t.previous->next : l.first) = t.next;
    (t.next != nullptr ? t.next->previous : l.last) = t.previous;
    if (l.first == nullptr) occupied_[t.level] &= ~(std::uint64_t{1} << t.slot);
}

// The next occupied slot and the tick at which its turn comes. On a level only slots after the present one are occupied
// (a timer that differs from the present tick in this group of bits, and in none above, lies ahead), but for the top
// level, which goes round.
bool timer_wheel::find_next(moment& m) const noexcept {
    for (int level = 0; level < levels; ++level) {
        if (occupied_[level] == 0) continue;
        int const here = static_cast<int>((elapsed_ >> (level * level_bits)) & (slots - 1));
        int const ahead = std::countr_zero(std::rotr(occupied_[level], (here + 1) & (slots - 1))) + 1;
        std::uint64_t const turn = (elapsed_ >> (level * level_bits)) + static_cast<std::uint64_t>(ahead);
        m = {turn << (level * level_bits), level, static_cast<int>(turn & (slots - 1))};
        return true;
    }
    return false;
}

void timer_wheel::update_next() noexcept {
    moment m;
    next_.store(find_next(m) ? static_cast<std::int64_t>(m.tick << tick_bits) : seam::forever, relaxed);
}

bool timer_wheel::arm(timer& t) noexcept {
    hold held(guard_);
    std::int64_t const before = next_.load(relaxed);
    t.wheel = this;
    t.armed = true;
    place(t);
    count_.store(count_.load(relaxed) + 1, relaxed);
    update_next();
    return next_.load(relaxed) < before;
}

bool timer_wheel::cancel(timer& t) noexcept {
    timer_wheel* const w = t.wheel;
    if (w == nullptr) return false;
    if (seam::fault_injected(seam::fault::timer_cancel_looks_without_lock) && !t.armed) return false;
    hold held(w->guard_);
    if (!t.armed) return false;
    w->unlink(t);
    t.armed = false;
    w->count_.store(w->count_.load(relaxed) - 1, relaxed);
    w->update_next();
    return true;
}

task* timer_wheel::service(std::int64_t now) noexcept {
    if (now < next_.load(relaxed)) return nullptr;
    task* first = nullptr;
    task** tail = &first;
    hold held(guard_);
    std::uint64_t const target = tick_of(now);
    moment m;
    while (find_next(m) && m.tick <= target) {
        elapsed_ = m.tick;
        list due = std::exchange(slots_[m.level][m.slot], list{});
        occupied_[m.level] &= ~(std::uint64_t{1} << m.slot);
        while (due.first != nullptr) {
            timer& t = *due.first;
            due.first = t.next;
            // On level 0 too: what lay beyond the wheel's reach has come down to the last slot before its turn.
            if (tick_of(t.deadline) + 1 > elapsed_) {
                place(t);
                continue;
            }
            count_.store(count_.load(relaxed) - 1, relaxed);
            t.armed = false;
            task* const ready = t.fire(t);  // its owner may be gone once this has claimed it
            if (ready != nullptr) {
                ready->link = nullptr;
                *tail = ready;
                tail = &ready->link;
            }
        }
    }
    if (elapsed_ < target) elapsed_ = target;
    update_next();
    return first;
}

}  // namespace hocket::inline HOCKET_ABI::detail
