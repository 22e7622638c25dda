// The native backend: the x86-64 (System V) switch, as inline assembly, so that it costs what is alive where it stands.
//
// Saved, in a frame of the caller's: the stack pointer, rbp (a compiler may need it as frame pointer and would not let it
//   be clobbered), and where to go on. Every other register is named as clobbered, so the compiler itself keeps the few
//   values that live across a switch, and no more.
// Not saved: MXCSR and the x87 control word (rounding, flush-to-zero: they stay with the thread); the signal mask; the
//   shadow stack of CET, so it must not be enabled; thread-local storage; the exception globals, which the scheduler keeps.
// It ends in an indirect jmp: a ret would miss the return-stack predictor at every switch (measured: 4.7 ns). The frame
//   may lie in the red zone: nobody pushes on a stack that is not stood on.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>

#include "fibers/context/context.hpp"

#if defined(__x86_64__)

// The explored build assembles the same file under a name of its own.
#ifdef HOCKET_EXPLORED
#define hocket_native_start hocket_explored_native_start
#endif
extern "C" void hocket_native_start() noexcept;

// Registers that a compiler may use only where it was told so.
#ifdef __AVX512F__
#define HOCKET_MORE_REGISTERS                                                                                        \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27",     \
        "xmm28", "xmm29", "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define HOCKET_MORE_REGISTERS
#endif

namespace hocket::inline HOCKET_ABI::detail {

// Where a context stands; its token is the address of one.
struct native_frame {
    void* rsp;
    void* rbp;
    void (*rip)();
};
static_assert(offsetof(native_frame, rsp) == 0 && offsetof(native_frame, rbp) == 8 && offsetof(native_frame, rip) == 16);

static_assert(sizeof(context) == sizeof(void*) && std::is_trivially_copyable_v<context>,
              "hocket_native_start passes a context as it passes a pointer");

// Goes on with `to`; returns, when somebody comes back, the context he left.
HOCKET_ALWAYS_INLINE void* native_jump(void* to) noexcept {
    native_frame mine;
    void* left = &mine;  // in rax: ours on the way out, the other's on the way in
    asm volatile(
        "leaq   1f(%%rip), %%rcx\n\t"
        "movq   %%rsp, (%%rax)\n\t"
        "movq   %%rbp, 8(%%rax)\n\t"
        "movq   %%rcx, 16(%%rax)\n\t"
        "movq   (%%rdi), %%rsp\n\t"
        "movq   8(%%rdi), %%rbp\n\t"
        "jmpq   *16(%%rdi)\n"
        "1:"
        : "+a"(left), "+D"(to)
        :
        : "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0", "xmm1", "xmm2",
          "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
          "xmm15", "memory", "cc" HOCKET_MORE_REGISTERS);
    return left;
}

// The frame itself may lie anywhere in its function's: what the function has spilled lies from the stack pointer up, and
// in the red zone below it.
inline void const* native_lowest(void const* token) noexcept {
    constexpr std::ptrdiff_t red_zone = 128;
    return static_cast<std::byte const*>(static_cast<native_frame const*>(token)->rsp) - red_zone;
}

// A frame at the top of a stack that native_jump will go on at: hocket_native_start, which calls `entry` with the
// context just left.
inline void* native_make(std::byte* top, entry_function entry) noexcept {
    std::byte* const at = top - 32;  // rsp stays 16-aligned
    return ::new (at) native_frame{at, reinterpret_cast<void*>(entry), &hocket_native_start};
}

}  // namespace hocket::inline HOCKET_ABI::detail

#endif
