// The untyped half of channel: a ring of items, and two queues of waiters, all under one lock.
//
// Invariants: receivers wait only while the ring is empty and nobody can send; senders wait only while it is full. So
//   at most one of the two queues has waiters whose wait can still be ended.
// Protocol: whoever finds a waiter on the other side claims it and moves the item directly between their frames,
//   under the lock; the waiter is told (delivered) after it. A receiver that makes room moves the first waiting
//   sender's item into the ring. After close() no waiter is left in either queue.
#include <hocket/channel.hpp>

#include <algorithm>
#include <bit>
#include <new>

#include "fibers/sched/misuse.hpp"
#include "fibers/sync/wait_queue.hpp"

namespace hocket::inline HOCKET_ABI::detail {

namespace {

// What ends a wait on a channel.
constexpr std::uint32_t handed_over = 1;
constexpr std::uint32_t was_closed = 2;

channel_status status_of(std::uint32_t key) noexcept {
    switch (key) {
        case handed_over: return channel_status::success;
        case was_closed: return channel_status::closed;
        default: return channel_status::would_block;
    }
}

std::byte* new_ring(item_type const& type, std::size_t room) {
    if (room > SIZE_MAX / 2 / type.size) throw std::bad_alloc();
    return static_cast<std::byte*>(::operator new(room * type.size, std::align_val_t(type.align)));
}

void delete_ring(item_type const& type, std::byte* ring) noexcept {
    ::operator delete(ring, std::align_val_t(type.align));
}

}  // namespace

channel_core::channel_core(item_type const& type, std::size_t capacity) : type_(type), capacity_(capacity) {
    std::size_t const wanted = capacity == no_bound ? 16 : capacity;
    if (wanted == 0) return;
    if (wanted > SIZE_MAX / 4) throw std::bad_alloc();
    room_ = std::bit_ceil(wanted);
    items_ = new_ring(type_, room_);
}

channel_core::~channel_core() {
    if (senders_.first != nullptr || receivers_.first != nullptr)
        misuse("a channel was destroyed while somebody waits for it");
    for (; count_ != 0; --count_) type_.destroy(slot(head_++));
    if (items_ != nullptr) delete_ring(type_, items_);
}

void* channel_core::slot(std::size_t position) const noexcept { return items_ + (position & (room_ - 1)) * type_.size; }

void channel_core::grow() {
    std::byte* const bigger = new_ring(type_, room_ * 2);
    for (std::size_t i = 0; i < count_; ++i) type_.relocate(bigger + i * type_.size, slot(head_ + i));
    delete_ring(type_, items_);
    items_ = bigger;
    room_ *= 2;
    head_ = 0;
}

channel_status channel_core::send(void* item, std::int64_t deadline) {
    guard_.acquire();
    if (!closed_) [[likely]] {
        if (wait_node* const receiver = claim_first(receivers_, handed_over)) {
            type_.move(receiver->item, item);
            guard_.drop();
            receiver->who.deliver();
            return channel_status::success;
        }
        if (count_ < capacity_) {
            if (count_ == room_) [[unlikely]] grow_guarded();
            type_.move(slot(head_ + count_), item);
            ++count_;
            guard_.drop();
            return channel_status::success;
        }
        if (deadline != 0) return wait_in(senders_, wait_reason::channel_send, item, deadline);
    }
    channel_status const s = closed_ ? channel_status::closed : channel_status::would_block;
    guard_.drop();
    return s;
}

channel_status channel_core::receive(void* to, std::int64_t deadline) noexcept {
    guard_.acquire();
    if (count_ != 0) {
        type_.relocate(to, slot(head_));
        ++head_;
        wait_node* const sender = claim_first(senders_, handed_over);
        if (sender != nullptr)
            type_.move(slot(head_ + count_ - 1), sender->item);
        else
            --count_;
        guard_.drop();
        if (sender != nullptr) sender->who.deliver();
        return channel_status::success;
    }
    if (wait_node* const sender = claim_first(senders_, handed_over)) {
        type_.move(to, sender->item);
        guard_.drop();
        sender->who.deliver();
        return channel_status::success;
    }
    if (!closed_ && deadline != 0) return wait_in(receivers_, wait_reason::channel_receive, to, deadline);
    channel_status const s = closed_ ? channel_status::closed : channel_status::would_block;
    guard_.drop();
    return s;
}

// Gives the lock back when there is no memory.
void channel_core::grow_guarded() {
    try {
        grow();
    } catch (...) {
        guard_.drop();
        throw;
    }
}

// Waits in a queue for the other side. The lock is held, and given back.
channel_status channel_core::wait_in(wait_queue& queue, wait_reason why, void* item, std::int64_t deadline) noexcept {
    waiter me(why);
    wait_node node(me, item);
    enqueue(queue, node);
    std::uint32_t const key = me.wait(guard_, deadline);
    if (key == waiter::timed_out) {
        hold held(guard_);
        remove(queue, node);
    }
    return status_of(key);
}

void channel_core::close() noexcept {
    claimed_list woken;
    {
        hold held(guard_);
        if (closed_) return;
        closed_ = true;
        for (wait_queue* q : {&senders_, &receivers_})
            while (wait_node* const n = claim_first(*q, was_closed)) woken.add(n);
    }
    woken.deliver();
}

bool channel_core::closed() const noexcept {
    hold held(guard_);
    return closed_;
}

std::size_t channel_core::size() const noexcept {
    hold held(guard_);
    return count_;
}

}  // namespace hocket::inline HOCKET_ABI::detail
