// Placing, finding and firing timers: see the head of timer_wheel.hpp.
#include "fibers/sched/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <hocket/detail/fault.hpp>
#include <new>

namespace hocket::inline HOCKET_ABI::detail {

void timer_wheel::place(entry e) noexcept {
    // Rounded up, so that it never fires early; at least the next tick, because the present one has been done.
    std::uint64_t when = tick_of(e.deadline) + 1;
    if (when <= elapsed_) when = elapsed_ + 1;
    constexpr std::uint64_t reach = std::uint64_t{1} << (level_bits * levels);
    if ((when ^ elapsed_) >= reach) when = (elapsed_ | (reach - 1));  // the last moment before the wheel's own turn
    if (when <= elapsed_) when = elapsed_ + 1;                        // ... which is now: go round once more
    std::uint64_t const differs = (when ^ elapsed_) | 1;
    int level = (63 - std::countl_zero(differs)) / level_bits;
    if (level >= levels) level = levels - 1;
    int const slot = static_cast<int>((when >> (level * level_bits)) & (slots - 1));
    timer& t = *e.who;
    list& l = slots_[level][slot];
    try {
        l.entries.push_back(e);
    } catch (std::bad_alloc const&) {
        t.level = astray;
        t.next = strays_;
        strays_ = &t;
        return;
    }
    ++l.live;
    t.index = static_cast<std::uint32_t>(l.entries.size() - 1);
    t.level = static_cast<unsigned char>(level);
    t.slot = static_cast<unsigned char>(slot);
    occupied_[level] |= std::uint64_t{1} << slot;
}

void timer_wheel::unlink(timer& t) noexcept {
    if (t.level == astray) {
        timer** at = &strays_;
        while (*at != &t) at = &(*at)->next;
        *at = t.next;
        return;
    }
    list& l = slots_[t.level][t.slot];
    l.entries[t.index].who = nullptr;
    if (--l.live == 0) {
        l.entries.clear();
        occupied_[t.level] &= ~(std::uint64_t{1} << t.slot);
    } else if (l.entries.size() >= 64 && l.live < l.entries.size() / 2) {
        close_up(l);
    }
}

void timer_wheel::close_up(list& l) noexcept {
    std::erase_if(l.entries, [](entry const& e) { return e.who == nullptr; });
    for (std::uint32_t i = 0; i < l.live; ++i) l.entries[i].who->index = i;
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
    std::int64_t next = find_next(m) ? static_cast<std::int64_t>(m.tick << tick_bits) : seam::forever;
    for (timer const* t = strays_; t != nullptr; t = t->next)
        next = std::min(next, static_cast<std::int64_t>((tick_of(t->deadline) + 1) << tick_bits));
    next_.store(next, relaxed);
}

bool timer_wheel::arm(timer& t) noexcept {
    hold held(guard_);
    std::int64_t const before = next_.load(relaxed);
    t.wheel = this;
    t.armed = true;
    place({&t, t.deadline});
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

// Fires timers, and lists those that have somebody to wake.
class timer_wheel::fired {
public:
    explicit fired(timer_wheel& w) noexcept : wheel_(w) {}
    // The timer's owner may be gone once fire() has claimed it, and found nobody asleep.
    void add(timer& t) noexcept {
        wheel_.count_.store(wheel_.count_.load(relaxed) - 1, relaxed);
        t.armed = false;
        task* const ready = t.fire(t);
        if (ready == nullptr) return;
        t.woken = ready;
        t.next = nullptr;
        *tail_ = &t;
        tail_ = &t.next;
    }
    timer* first = nullptr;

private:
    timer_wheel& wheel_;
    timer** tail_ = &first;
};

timer* timer_wheel::service(std::int64_t now) noexcept {
    if (now < next_.load(relaxed)) return nullptr;
    fired all(*this);
    hold held(guard_);
    std::uint64_t const target = tick_of(now);
    moment m;
    while (find_next(m) && m.tick <= target) {
        elapsed_ = m.tick;
        list& slot = slots_[m.level][m.slot];
        std::vector<entry> due;
        due.swap(slot.entries);
        slot.live = 0;
        occupied_[m.level] &= ~(std::uint64_t{1} << m.slot);
        for (std::size_t i = 0; i < due.size(); ++i) {
            constexpr std::size_t ahead = 8;
            if (i + ahead < due.size()) __builtin_prefetch(due[i + ahead].who, 1);
            if (due[i].who == nullptr) continue;
            // On level 0 too: what lay beyond the wheel's reach has come down to the last slot before its turn.
            if (tick_of(due[i].deadline) + 1 > elapsed_)
                place(due[i]);
            else
                all.add(*due[i].who);
        }
        // The room is used again, but for that of a crowd.
        due.clear();
        if (due.capacity() <= 1024 && slot.entries.empty()) slot.entries.swap(due);
    }
    if (elapsed_ < target) elapsed_ = target;
    for (timer** at = &strays_; *at != nullptr;) {
        timer& t = **at;
        if (tick_of(t.deadline) + 1 > elapsed_) {
            at = &t.next;
            continue;
        }
        *at = t.next;
        all.add(t);
    }
    update_next();
    return all.first;
}

timer* timer_wheel::fire_early(task* (*fire)(timer&) noexcept) noexcept {
    fired all(*this);
    hold held(guard_);
    for (auto& level : slots_)
        for (list& slot : level)
            for (std::size_t i = 0; i < slot.entries.size(); ++i)
                if (timer* const t = slot.entries[i].who; t != nullptr && t->fire == fire) {
                    slot.entries[i].who = nullptr;
                    --slot.live;
                    all.add(*t);
                }
    for (int level = 0; level < levels; ++level)
        for (int i = 0; i < slots; ++i)
            if (list& slot = slots_[level][i]; slot.live == 0) {
                slot.entries.clear();
                occupied_[level] &= ~(std::uint64_t{1} << i);
            }
    for (timer** at = &strays_; *at != nullptr;) {
        timer& t = **at;
        if (t.fire != fire) {
            at = &t.next;
            continue;
        }
        *at = t.next;
        all.add(t);
    }
    update_next();
    return all.first;
}

}  // namespace hocket::inline HOCKET_ABI::detail
