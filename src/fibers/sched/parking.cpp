// The list of sleepers: see the head of parking.hpp.
#include "fibers/sched/parking.hpp"

namespace hocket::inline HOCKET_ABI::detail {

void parking::list(seat& s) noexcept {
    hold held(guard_);
    s.next = first_;
    s.previous = nullptr;
    if (first_ != nullptr) first_->previous = &s;
    first_ = &s;
    s.listed = true;
    s.called = false;
    s.asleep.store(1, relaxed);
    listed_.store(listed_.load(relaxed) + 1, relaxed);
}

// Takes the seat off the list if nobody did; true when somebody called it.
bool parking::unlist(seat& s) noexcept {
    hold held(guard_);
    if (s.listed) {
        (s.previous != nullptr ? s.previous->next : first_) = s.next;
        if (s.next != nullptr) s.next->previous = s.previous;
        s.listed = false;
        s.asleep.store(0, relaxed);
        listed_.store(listed_.load(relaxed) - 1, relaxed);
    }
    return s.called;
}

// Under guard_: the seat's owner is to wake, and counts as searching from now on.
void parking::call(seat& s) noexcept {
    (s.previous != nullptr ? s.previous->next : first_) = s.next;
    if (s.next != nullptr) s.next->previous = s.previous;
    s.listed = false;
    s.called = true;
    s.searching = true;
    searching_.fetch_add(1, seq_cst);
    listed_.store(listed_.load(relaxed) - 1, relaxed);
    s.asleep.store(0, release);  // pairs with the acquire in sleep()
}

bool parking::wake_one() noexcept {
    seat* s;
    {
        hold held(guard_);
        s = first_;
        if (s == nullptr || searching_.load(relaxed) != 0) return false;
        call(*s);
    }
    seam::futex_wake(s->asleep, 1);
    return true;
}

bool parking::wake_this(seat& s) noexcept {
    {
        hold held(guard_);
        if (!s.listed) return false;
        call(s);
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
            call(*s);
        }
        seam::futex_wake(s->asleep, 1);
    }
}

}  // namespace hocket::inline HOCKET_ABI::detail
