// The native backend's two routines, as C++ sees them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "fibers/context/context.hpp"

#if defined(__x86_64__)

#include "fibers/context/frame_x86_64.h"

extern "C" {
void* HOCKET_ASM_NAME(native_jump)(void* to) noexcept;
void HOCKET_ASM_NAME(native_start)() noexcept;
}

namespace hocket::inline HOCKET_ABI::detail {

// What native_jump leaves on a stack.
struct native_frame {
    std::uint64_t r12, r13, r14, r15, rbx, rbp;
    void (*rip)();
};
static_assert(offsetof(native_frame, r12) == HOCKET_FRAME_R12);
static_assert(offsetof(native_frame, r13) == HOCKET_FRAME_R13);
static_assert(offsetof(native_frame, r14) == HOCKET_FRAME_R14);
static_assert(offsetof(native_frame, r15) == HOCKET_FRAME_R15);
static_assert(offsetof(native_frame, rbx) == HOCKET_FRAME_RBX);
static_assert(offsetof(native_frame, rbp) == HOCKET_FRAME_RBP);
static_assert(offsetof(native_frame, rip) == HOCKET_FRAME_RIP);
static_assert(sizeof(native_frame) == HOCKET_FRAME_SIZE);

inline void* native_jump(void* to) noexcept { return HOCKET_ASM_NAME(native_jump)(to); }

static_assert(sizeof(context) == sizeof(void*) && std::is_trivially_copyable_v<context>,
              "native_start passes a context as it passes a pointer");

// A frame that native_jump will "return" into: native_start, which calls `entry` with the context just left.
inline void* native_make(std::byte* top, entry_function entry) noexcept {
    // native_start must find rsp 16-aligned: the frame ends exactly at the top.
    auto* const f = reinterpret_cast<native_frame*>(top) - 1;
    *f = native_frame{0, 0, 0, 0, reinterpret_cast<std::uint64_t>(entry), 0, &HOCKET_ASM_NAME(native_start)};
    return f;
}

}  // namespace hocket::inline HOCKET_ABI::detail

#endif
