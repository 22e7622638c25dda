// Those who wait for a sync object, in the order they came. Only its layout is public: objects hold one by value.
#pragma once

#include <hocket/detail/config.hpp>
#include <hocket/detail/lock.hpp>

namespace hocket::inline HOCKET_ABI::detail {

struct wait_node;

// Its functions are in src/fibers/sync/wait_queue.hpp; every one but empty_hint() needs guard held.
struct wait_queue {
    lock guard;
    wait_node* first = nullptr;
    wait_node* last = nullptr;
};

}  // namespace hocket::inline HOCKET_ABI::detail
