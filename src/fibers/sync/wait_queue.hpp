// The operations on a wait_list: waiters in the order they came.
//
// Every function needs the lock that guards the list: its queue's own, or its object's.
#pragma once

#include <hocket/detail/wait_queue.hpp>
#include <utility>

#include "fibers/sync/waiter.hpp"
#include "seam/lock.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// A waiter's place in one queue. Lives in the waiter's frame.
struct wait_node {
    explicit wait_node(waiter& w, void* i = nullptr) noexcept : who(w), item(i) {}
    waiter& who;
    void* item;  // what is to be handed over, or where to: the object's business
    wait_node* next = nullptr;
    wait_node* previous = nullptr;
    bool queued = false;
};

inline void enqueue(wait_list& q, wait_node& n) noexcept {
    n.next = nullptr;
    n.previous = q.last;
    (q.last != nullptr ? q.last->next : q.first) = &n;
    q.last = &n;
    n.queued = true;
}

// A wait, and its place in one list: in one cache line, for whoever ends it often runs on another core.
template <class Node>
struct alignas(64) wait_in_list {
    explicit wait_in_list(wait_reason why, void* item = nullptr) noexcept : who(why), node(who, item) {}
    waiter who;
    Node node;
};

// Takes it out if it is still there: true if it was.
inline bool remove(wait_list& q, wait_node& n) noexcept {
    if (!n.queued) return false;
    (n.previous != nullptr ? n.previous->next : q.first) = n.next;
    (n.next != nullptr ? n.next->previous : q.last) = n.previous;
    n.queued = false;
    return true;
}

// Takes out the first waiter whose wait can still be ended, and claims it for `key`: the caller delivers. Null when
// there is none. Those whose wait has ended otherwise are taken out and forgotten.
inline wait_node* claim_first(wait_list& q, std::uint32_t key = 1) noexcept {
    while (wait_node* const n = q.first) {
        remove(q, *n);
        if (n->who.claim(key)) return n;
    }
    return nullptr;
}

// The caller waits in `q`. `guard`, the queue's lock, is held, and given back. True when it was claimed there. False
// when the limit came first: it is out of the queue again, and if nobody else had taken it out, left() was called under
// the lock. Throws cancelled after the same.
template <class Left>
bool wait_queued(wait_list& q, lock& guard, wait_reason why, wait_limit const& limit, Left left) {
    wait_in_list<wait_node> me(why);
    enqueue(q, me.node);
    std::uint32_t const key = me.who.wait(guard, limit);
    if (!waiter::gave_up(key)) return true;
    {
        hold guarded(guard);
        if (remove(q, me.node)) left();
    }
    if (key == waiter::cancelled) throw_cancelled();
    return false;
}

// Waiters that have been claimed under a lock, to be told after it.
class claimed_list {
public:
    void add(wait_node* n) noexcept {
        n->next = nullptr;
        *tail_ = n;
        tail_ = &n->next;
    }
    // In the order they were added. Without the lock.
    void deliver() noexcept {
        while (wait_node* const n = std::exchange(first_, first_ != nullptr ? first_->next : nullptr)) n->who.deliver();
    }

private:
    wait_node* first_ = nullptr;
    wait_node** tail_ = &first_;
};

}  // namespace hocket::inline HOCKET_ABI::detail
