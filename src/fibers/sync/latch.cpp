// The last words about a count.
#include <hocket/latch.hpp>

#include "fibers/sched/misuse.hpp"

namespace hocket::inline HOCKET_ABI::detail {

void bad_count(char const* function, std::ptrdiff_t n) noexcept {
    misuse("%s(%td) is out of range, or more than is still expected", function, n);
}

}  // namespace hocket::inline HOCKET_ABI::detail
