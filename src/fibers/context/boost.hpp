// The Boost.Context backend.
#pragma once

#include <boost/context/detail/fcontext.hpp>
#include <cstdint>
#include <hocket/detail/config.hpp>

#include "fibers/context/context.hpp"
#include "fibers/context/registers.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// Bit 0 of a token, set in those of this backend: stacks are 16-aligned, so the bit is free.
inline constexpr std::uintptr_t boost_bit = 1;

// The same two operations as the native backend's. Tokens carry the bit.
void* boost_make(stack& s, entry_function entry) noexcept;

// What boost::context::fiber::resume() does. Where it is known how, the function that Boost has written in assembly is
// entered by a jmp: it leaves by one, and so a call would put all returns that follow out of step with the predictor of
// returns, some 5 ns each. It pushes, as native_jump() does.
HOCKET_ALWAYS_INLINE void* boost_jump(void* to) noexcept {
    to = reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(to) & ~boost_bit);
    void* left;
#if defined(__x86_64__)
    void* with = nullptr;
    asm volatile(
        "leaq   1f(%%rip), %%rcx\n\t"
        "pushq  %%rcx\n\t"
        "jmpq   *%[jump]\n"
        "1:"
        : "=a"(left), "+D"(to), "+S"(with)
        : [jump] "r"(&::boost::context::detail::jump_fcontext)
        : "rcx", "rdx", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
          "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc" HOCKET_MORE_REGISTERS);
#else
    left = ::boost::context::detail::jump_fcontext(to, nullptr).fctx;
#endif
    return reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(left) | boost_bit);
}

}  // namespace hocket::inline HOCKET_ABI::detail
