// The mailbox: tasks that only one worker may run, put in by anybody, taken out by that worker.
//
// Protocol: put() pushes onto a linked stack with a compare-and-swap; take_all() exchanges the whole stack for
//   nothing and reverses it, so that tasks come out in the order they were put in. Nobody ever removes a single item,
//   so a pushed address cannot come back under a pusher's feet (no ABA).
// Memory order: the release of put() pairs with the acquire of take_all().
#pragma once

#include <hocket/detail/atomic.hpp>
#include <utility>

#include <hocket/detail/fault.hpp>

namespace hocket::inline HOCKET_ABI::detail {

// T has a member `T* link`.
template <class T>
class mailbox {
public:
    // Adds an item. [any thread]
    void put(T* item) noexcept {
        T* head = nullptr;  // it mostly is; to look first would fetch the line twice
        do item->link = head;
        while (!head_.compare_exchange_weak(head, item, release, relaxed));
    }

    // Takes everything: a list linked by `link`, oldest first; null when empty. [owner]
    T* take_all() noexcept {
        if (empty()) return nullptr;
        T* newest;
        if (seam::fault_injected(seam::fault::mailbox_take_in_two_steps)) {
            newest = head_.load(acquire);
            head_.store(nullptr, release);
        } else {
            newest = head_.exchange(nullptr, acquire);
        }
        T* oldest = nullptr;
        while (newest != nullptr) {
            T* const next = newest->link;
            newest->link = oldest;
            oldest = std::exchange(newest, next);
        }
        return oldest;
    }

    // A guess for all but the owner, for whom false is certain to have been true. [any thread]
    bool empty() const noexcept { return head_.load(relaxed) == nullptr; }

private:
    atomic<T*> head_{nullptr};
};

}  // namespace hocket::inline HOCKET_ABI::detail
