// Keeps the stacks of virtual threads between schedules.
#include "seam/explored/stack.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <new>
#include <vector>

#ifdef HOCKET_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#endif

namespace hocket::inline HOCKET_ABI::explorer {
namespace {

// Room for doctest's and iostream's frames, instrumented; only what is touched costs memory.
constexpr std::size_t bytes = 512 * 1024;

std::vector<stack>& idle() {
    static std::vector<stack> stacks;
    return stacks;
}

}  // namespace

stack take_stack() {
    if (auto& stacks = idle(); !stacks.empty()) {
        stack const s = stacks.back();
        stacks.pop_back();
#ifdef HOCKET_ASAN
        // Its last user never returned from its first frames.
        __asan_unpoison_memory_region(s.low, s.size);
#endif
        return s;
    }
    std::size_t const page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    void* const all = mmap(nullptr, page + bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (all == MAP_FAILED) throw std::bad_alloc();
    mprotect(all, page, PROT_NONE);
    return {static_cast<std::byte*>(all) + page, bytes};
}

void give_stack(stack s) { idle().push_back(s); }

void abandon_stack([[maybe_unused]] stack s) {
#ifdef HOCKET_ASAN
    __lsan_register_root_region(s.low, s.size);
#endif
}

}  // namespace hocket::inline HOCKET_ABI::explorer
