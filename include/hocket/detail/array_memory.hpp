// Memory for arrays that grow with a crowd.
#pragma once

#include <cstddef>
#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::detail {

// `bytes`, aligned as any object may want: a large array is the kernel's own again as soon as it is given back. Throws
// std::bad_alloc. [any thread]
HOCKET_API void* take_array(std::size_t bytes);
HOCKET_API void give_array(void* memory, std::size_t bytes) noexcept;

}  // namespace hocket::inline HOCKET_ABI::detail
