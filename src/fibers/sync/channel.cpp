// The untyped half of channel: a ring of items, and two queues of waiters, all under one lock.
//
// Invariants: receivers wait only while the ring is empty and nobody can send; senders wait only while it is full, and
//   never on a sliding one. So at most one of the two queues has waiters whose wait can still be ended, but for a
//   select that both sends and receives here (without a buffer), which stands in both and is no partner of its own.
// Protocol: whoever finds a waiter on the other side claims it and moves the item directly between their frames,
//   under the lock; the waiter is told (delivered) after it. A receiver that makes room moves the first waiting
//   sender's item into the ring. After close() no waiter is left in either queue. How a select waits for several
//   channels is told in select.cpp.
#include <hocket/channel.hpp>

#include <algorithm>
#include <bit>
#include <new>
#include <stdexcept>

#include "fibers/sched/misuse.hpp"
#include "fibers/sched/scheduler.hpp"
#include "fibers/sync/channel_steps.hpp"

namespace hocket::inline HOCKET_ABI::detail {

namespace {

channel_status status_of(std::uint32_t key) noexcept {
    switch (key) {
        case channel_node::handed_over: return channel_status::success;
        case channel_node::was_closed: return channel_status::closed;
        case waiter::timed_out: return channel_status::timeout;
        default: return channel_status::stopped;
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

channel_core::channel_core(item_type const& type, std::size_t capacity, bool sliding)
    : sliding_(sliding), type_(type), capacity_(capacity), id_(draw_id(this_worker())) {
    if (sliding && capacity == 0) throw std::invalid_argument("hocket: a sliding channel has no capacity of 0");
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

void channel_core::grow() {
    std::byte* const bigger = new_ring(type_, room_ * 2);
    for (std::size_t i = 0; i < count_; ++i) type_.relocate(bigger + i * type_.size, slot(head_ + i));
    delete_ring(type_, items_);
    items_ = bigger;
    room_ *= 2;
    head_ = 0;
}

channel_status channel_core::send(void* item, wait_limit limit) {
    guard_.acquire();
    if (!closed_) [[likely]] {
        if (give(item, [this]() noexcept { guard_.drop(); })) return channel_status::success;
        if (limit.deadline > 0) return wait_in(senders_, wait_reason::channel_send, item, limit);
    }
    channel_status const s = closed_ ? channel_status::closed : channel_status::would_block;
    guard_.drop();
    return s;
}

channel_status channel_core::receive(void* to, wait_limit limit) {
    guard_.acquire();
    if (take(to, [this]() noexcept { guard_.drop(); })) return channel_status::success;
    if (!closed_ && limit.deadline > 0) return wait_in(receivers_, wait_reason::channel_receive, to, limit);
    channel_status const s = closed_ ? channel_status::closed : channel_status::would_block;
    guard_.drop();
    return s;
}

// Waits in a queue for the other side. The lock is held, and given back. A small item is received within the node: a line
// less that goes from core to core. Who has sent it may have destroyed the channel by then.
channel_status channel_core::wait_in(wait_list& queue, wait_reason why, void* item, wait_limit limit) {
    wait_in_list<channel_node> me(why, item);
    item_type const& type = type_;
    bool const within = why == wait_reason::channel_receive && channel_node::has_room_for(type);
    if (within) me.node.item = me.node.room();
    enqueue(queue, me.node);
    std::uint32_t const key = me.who.wait(guard_, limit);
    if (within && key == channel_node::handed_over) type.relocate(item, me.node.room());
    if (waiter::gave_up(key)) {
        hold held(guard_);
        remove(queue, me.node);
    }
    if (key == waiter::cancelled) throw_cancelled();
    return status_of(key);
}

bool channel_core::close() noexcept {
    claimed_list woken;
    {
        hold held(guard_);
        if (closed_) return false;
        closed_ = true;
        for (wait_list* q : {&senders_, &receivers_})
            while (wait_node* const n = claim_next(*q, channel_node::was_closed)) woken.add(n);
    }
    woken.deliver();
    return true;
}

bool channel_core::closed() const noexcept {
    hold held(guard_);
    return closed_;
}

std::size_t channel_core::size() const noexcept {
    hold held(guard_);
    return count_;
}

std::uint64_t channel_core::dropped() const noexcept {
    hold held(guard_);
    return dropped_;
}

}  // namespace hocket::inline HOCKET_ABI::detail
