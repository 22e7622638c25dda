// The stacks that virtual threads start on.
#pragma once

#include <cstddef>
#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::explorer {

// One mapping with a guard page below. `low` is the lowest usable byte.
struct stack {
    std::byte* low = nullptr;
    std::size_t size = 0;
    std::byte* top() const noexcept { return low + size; }
};

// A stack, used before or new. Throws std::bad_alloc.
stack take_stack();

// Nobody stands on it any more.
void give_stack(stack s);

// Somebody still stands on it and never will leave: it stays mapped, and what it refers to is not a leak.
void abandon_stack(stack s);

}  // namespace hocket::inline HOCKET_ABI::explorer
