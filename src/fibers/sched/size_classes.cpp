// Finds the class, makes its pool, takes from it.
#include "fibers/sched/size_classes.hpp"

#include <algorithm>
#include <bit>
#include <hocket/detail/fault.hpp>

namespace hocket::inline HOCKET_ABI::detail {

static std::string no_stack_of(std::size_t bytes, std::string const& why) {
    return "hocket: no stack of " + std::to_string(bytes / 1024) + " KiB (launch::stack_size): " + why;
}

stack_pool& size_classes::pool(std::size_t index, std::size_t bytes) {
    if (stack_pool* const p = pools_[index].load(acquire); p != nullptr) return *p;  // pairs with the release below
    hold const held(guard_);
    if (owned_[index] == nullptr || seam::fault_injected(seam::fault::size_class_made_twice)) {
        try {
            owned_[index] = std::make_unique<stack_pool>(bytes, std::min(max_stacks_, address_space / bytes));
        } catch (std::bad_alloc const&) {
            throw no_stack(no_stack_of(bytes, pages::describe(pages::outcome::no_memory)));
        }
        pools_[index].store(owned_[index].get(), release);  // release: whoever finds the pool sees all of it
    }
    return *owned_[index];
}

stack* size_classes::take(std::size_t bytes) {
    std::size_t const size = std::bit_ceil(std::max(bytes, smallest));
    auto const index = static_cast<std::size_t>(std::countr_zero(size) - std::countr_zero(smallest));
    stack_pool& from = pool(index, size);
    if (stack* const s = from.take(); s != nullptr) return s;
    throw no_stack(no_stack_of(size, from.shortage()));
}

stack* size_classes::of(void const* address) const noexcept {
    stack* found = nullptr;
    for_each([&](stack_pool const& p) {
        if (found == nullptr) found = p.of(address);
    });
    return found;
}

}  // namespace hocket::inline HOCKET_ABI::detail
