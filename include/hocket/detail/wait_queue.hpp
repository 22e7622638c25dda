// Those who wait for a sync object, in the order they came. Only its layout is public: objects hold one by value.
#pragma once

#include <hocket/detail/config.hpp>
#include <hocket/detail/lock.hpp>

namespace hocket::inline HOCKET_ABI::detail {

struct wait_node;

// Its functions are in src/fibers/sync/wait_queue.hpp; every one needs the lock that guards it.
struct wait_list {
    wait_node* first = nullptr;
    wait_node* last = nullptr;
};

// One with a lock of its own.
struct wait_queue : wait_list {
    lock guard;
};

}  // namespace hocket::inline HOCKET_ABI::detail
