// The list of sleepers: see the head of parking.hpp.
#include "fibers/sched/parking.hpp"

namespace hocket::inline HOCKET_ABI::detail {

void parking::list(seat& s, bool rests) noexcept {
    hold held(guard_);
    s.next = first_;
    s.previous = nullptr;
    if (first_ != nullptr) first_->previous = &s;
    first_ = &s;
    s.listed = true;
    s.called = false;
    s.rests = rests;
    s.asleep.store(1, relaxed);
    count_of(s).store(count_of(s).load(relaxed) + 1, relaxed);
}

// Under guard_.
void parking::remove(seat& s) noexcept {
    (s.previous != nullptr ? s.previous->next : first_) = s.next;
    if (s.next != nullptr) s.next->previous = s.previous;
    s.listed = false;
    count_of(s).store(count_of(s).load(relaxed) - 1, relaxed);
}

// Takes the seat off the list if nobody did; true when somebody called it. He was the last to write it.
bool parking::unlist(seat& s) noexcept {
    if (s.asleep.load(acquire) == 0) return true;  // pairs with the release in call()
    hold held(guard_);
    if (s.listed) {
        remove(s);
        s.asleep.store(0, relaxed);
    }
    return s.called;
}

// Under guard_: the seat's owner is to wake, and counts as searching from now on if he has to search.
void parking::call(seat& s, bool searches) noexcept {
    remove(s);
    s.called = true;
    if (searches) {
        s.searching = true;
        searching_.fetch_add(1, seq_cst);
    }
    s.asleep.store(0, release);  // pairs with the acquire in sleep()
}

bool parking::wake_one() noexcept {
    seat* s;
    {
        hold held(guard_);
        s = first_;
        while (s != nullptr && s->rests) s = s->next;
        if (s == nullptr || searching_.load(relaxed) != 0) return false;
        call(*s, true);
    }
    seam::futex_wake(s->asleep, 1);
    return true;
}

void parking::wake_resting() noexcept {
    seat* s;
    {
        hold held(guard_);
        s = first_;
        while (s != nullptr && !s->rests) s = s->next;
        if (s == nullptr || searching_.load(relaxed) != 0) return;
        call(*s, true);
    }
    seam::futex_wake(s->asleep, 1);
}

bool parking::wake_this(seat& s) noexcept {
    {
        hold held(guard_);
        if (!s.listed) return false;
        call(s, false);
    }
    seam::futex_wake(s.asleep, 1);
    return true;
}

void parking::wake_all() noexcept {
    seam::light_fence();
    while (true) {
        seat* s;
        {
            hold held(guard_);
            s = first_;
            if (s == nullptr) return;
            call(*s, true);
        }
        seam::futex_wake(s->asleep, 1);
    }
}

}  // namespace hocket::inline HOCKET_ABI::detail
