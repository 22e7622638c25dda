// What a send and a receive do under the channel's lock: shared by those that stand alone and by select.
//
// Every function needs the lock of its channel. Those that succeed give it back by unlock(), and then tell whom it
// concerns; those that return false have changed nothing, and the lock is still held.
#pragma once

#include <hocket/channel.hpp>

#include "fibers/sync/wait_queue.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// A place in a queue of a channel. Its keys are two: one for a value that was handed over, one for the channel's end.
struct channel_node : wait_node {
    static constexpr std::uint32_t handed_over = 1, was_closed = 2;  // added to first_key

    channel_node(waiter& w, void* i, std::uint32_t case_index = 0) noexcept
        : wait_node(w, i), first_key(2 * case_index) {}
    // Where a small item may be handed over: nobody reads `next` of a node that has been taken out.
    static constexpr bool has_room_for(item_type const& type) noexcept {
        return type.size <= sizeof next && type.align <= alignof(wait_node*);
    }
    void* room() noexcept { return &next; }

    std::uint32_t const first_key;
};
#ifndef HOCKET_EXPLORED
static_assert(sizeof(wait_in_list<channel_node>) == 64, "who ends a wait reads one cache line of it");
#endif

// As claim_first() of wait_queue.hpp.
HOCKET_ALWAYS_INLINE channel_node* claim_next(wait_list& q, std::uint32_t how) noexcept {
    while (auto* const n = static_cast<channel_node*>(q.first)) {
        remove(q, *n);
        if (n->who.claim(n->first_key + how)) return n;
    }
    return nullptr;
}

inline void* channel_core::slot(std::size_t position) const noexcept {
    return items_ + (position & (room_ - 1)) * type_.size;
}

inline void channel_core::append(void* item) noexcept {
    type_.move(slot(head_ + count_), item);
    ++count_;
}

// Makes room by the oldest. No user's destructor runs under the lock.
template <class Unlock>
HOCKET_NOINLINE void channel_core::slide(void* item, Unlock& unlock) noexcept {
    struct rest {
        channel_core& here;
        void* item;
        Unlock& unlock;
    } what{*this, item, unlock};
    type_.outlive(
        slot(head_),
        [](void* w) noexcept {
            rest& r = *static_cast<rest*>(w);
            ++r.here.head_;
            --r.here.count_;
            ++r.here.dropped_;
            r.here.append(r.item);
            r.unlock();
        },
        &what);
}

// The channel is not closed. Throws std::bad_alloc when it cannot grow; the lock is given back then, too.
template <class Unlock>
HOCKET_ALWAYS_INLINE bool channel_core::give(void* item, Unlock unlock) {
    if (channel_node* const receiver = claim_next(receivers_, channel_node::handed_over)) {
        type_.move(receiver->item, item);
        unlock();
        receiver->who.deliver();
        return true;
    }
    if (count_ < capacity_) [[likely]] {
        if (count_ == room_) [[unlikely]] {
            try {
                grow();
            } catch (...) {
                unlock();
                throw;
            }
        }
        append(item);
        unlock();
        return true;
    }
    if (!sliding_) return false;
    slide(item, unlock);
    return true;
}

template <class Unlock>
HOCKET_ALWAYS_INLINE bool channel_core::take(void* to, Unlock unlock) noexcept {
    if (count_ != 0) {
        type_.relocate(to, slot(head_));
        ++head_;
        --count_;
        channel_node* const sender = claim_next(senders_, channel_node::handed_over);
        if (sender != nullptr) append(sender->item);
        unlock();
        if (sender != nullptr) sender->who.deliver();
        return true;
    }
    if (channel_node* const sender = claim_next(senders_, channel_node::handed_over)) {
        type_.move(to, sender->item);
        unlock();
        sender->who.deliver();
        return true;
    }
    return false;
}

}  // namespace hocket::inline HOCKET_ABI::detail
