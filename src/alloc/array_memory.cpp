// Small arrays from the heap, large ones from the kernel.
#include <hocket/detail/array_memory.hpp>
#include <new>

#include "alloc/pages.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// From malloc, what a crowd has needed would stay in its heap.
static bool is_large(std::size_t bytes) noexcept { return bytes > 4 * pages::size(); }

void* take_array(std::size_t bytes) {
    if (!is_large(bytes)) return ::operator new(bytes);
    void* const p = pages::map(pages::round_up(bytes));
    if (p == nullptr) throw std::bad_alloc();
    return p;
}

void give_array(void* memory, std::size_t bytes) noexcept {
    if (is_large(bytes))
        pages::unmap(memory, pages::round_up(bytes));
    else
        ::operator delete(memory);
}

}  // namespace hocket::inline HOCKET_ABI::detail
