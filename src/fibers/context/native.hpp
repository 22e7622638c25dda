// The native backend: the x86-64 (System V) switch, as inline assembly, so that it costs what is alive where it stands.
//
// Saved, on the stack that is left: rbp (a compiler may need it as frame pointer and would not let it be clobbered), and
//   where to go on. Every other register is named as clobbered, so the compiler itself keeps the few values that live
//   across a switch, and no more. It pushes, so nothing may live below the stack pointer: -mno-red-zone (meson.build).
// Not saved: MXCSR and the x87 control word (rounding, flush-to-zero: they stay with the thread); the signal mask; the
//   shadow stack of CET, so it must not be enabled; thread-local storage; the exception globals, which the scheduler keeps.
// It ends in an indirect jmp: a ret would miss the return-stack predictor at every switch (measured: 4.7 ns).
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>

#include "fibers/context/context.hpp"
#include "fibers/context/registers.hpp"

#if defined(__x86_64__)

// The explored build assembles the same file under a name of its own.
#ifdef HOCKET_EXPLORED
#define hocket_native_start hocket_explored_native_start
#endif
extern "C" void hocket_native_start() noexcept;

namespace hocket::inline HOCKET_ABI::detail {

// Where a context stands; its token is the address of one, and the stack pointer.
struct native_frame {
    void (*rip)();
    void* rbp;
};
static_assert(offsetof(native_frame, rip) == 0 && offsetof(native_frame, rbp) == 8 && sizeof(native_frame) == 16);

static_assert(sizeof(context) == sizeof(void*) && std::is_trivially_copyable_v<context>,
              "hocket_native_start passes a context as it passes a pointer");

// Goes on with `to`; returns, when somebody comes back, the context he left.
HOCKET_ALWAYS_INLINE void* native_jump(void* to) noexcept {
    void* left;
    asm volatile(
        "leaq   1f(%%rip), %%rcx\n\t"
        "pushq  %%rbp\n\t"
        "pushq  %%rcx\n\t"
        "movq   %%rsp, %%rax\n\t"
        "movq   %%rdi, %%rsp\n\t"
        "popq   %%rcx\n\t"
        "popq   %%rbp\n\t"
        "jmpq   *%%rcx\n"
        "1:"
        : "=a"(left), "+D"(to)
        :
        : "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0", "xmm1", "xmm2",
          "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
          "xmm15", "memory", "cc" HOCKET_MORE_REGISTERS);
    return left;
}

// A frame at the top of a stack that native_jump will go on at: hocket_native_start, which calls `entry` with the
// context just left.
inline void* native_make(std::byte* top, entry_function entry) noexcept {
    std::byte* const at = top - 32;  // rsp stays 16-aligned
    return ::new (at) native_frame{&hocket_native_start, reinterpret_cast<void*>(entry)};
}

}  // namespace hocket::inline HOCKET_ABI::detail

#endif
