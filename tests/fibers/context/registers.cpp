// What the ABI says a called function preserves is preserved by a switch.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "coroutine.hpp"

using namespace hocket::detail;

#if defined(__x86_64__)

// int hocket_test_keeps_registers(void (*f)(void*), void* argument, long pattern): fills rbx, rbp and r12-r15 from the pattern, calls f,
// and returns how many of the six (and, as a seventh, rsp) are no longer what they were.
asm(R"(
        .text
        .globl  hocket_test_keeps_registers
        .type   hocket_test_keeps_registers, @function
hocket_test_keeps_registers:
        .cfi_startproc
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        subq    $24, %rsp
        .cfi_adjust_cfa_offset 24
        movq    %rdx, (%rsp)
        movq    %rsp, 8(%rsp)
        leaq    1(%rdx), %rbx
        leaq    2(%rdx), %rbp
        leaq    3(%rdx), %r12
        leaq    4(%rdx), %r13
        leaq    5(%rdx), %r14
        leaq    6(%rdx), %r15
        movq    %rdi, %rax
        movq    %rsi, %rdi
        callq   *%rax
        xorl    %eax, %eax
        movq    (%rsp), %rdx
        xorl    %ecx, %ecx
        leaq    1(%rdx), %rsi
        cmpq    %rsi, %rbx
        setne   %cl
        addl    %ecx, %eax
        leaq    2(%rdx), %rsi
        cmpq    %rsi, %rbp
        setne   %cl
        addl    %ecx, %eax
        leaq    3(%rdx), %rsi
        cmpq    %rsi, %r12
        setne   %cl
        addl    %ecx, %eax
        leaq    4(%rdx), %rsi
        cmpq    %rsi, %r13
        setne   %cl
        addl    %ecx, %eax
        leaq    5(%rdx), %rsi
        cmpq    %rsi, %r14
        setne   %cl
        addl    %ecx, %eax
        leaq    6(%rdx), %rsi
        cmpq    %rsi, %r15
        setne   %cl
        addl    %ecx, %eax
        cmpq    8(%rsp), %rsp
        setne   %cl
        addl    %ecx, %eax
        addq    $24, %rsp
        .cfi_adjust_cfa_offset -24
        popq    %r15
        .cfi_adjust_cfa_offset -8
        popq    %r14
        .cfi_adjust_cfa_offset -8
        popq    %r13
        .cfi_adjust_cfa_offset -8
        popq    %r12
        .cfi_adjust_cfa_offset -8
        popq    %rbp
        .cfi_adjust_cfa_offset -8
        popq    %rbx
        .cfi_adjust_cfa_offset -8
        retq
        .cfi_endproc
        .size   hocket_test_keeps_registers, . - hocket_test_keeps_registers
)");
extern "C" int hocket_test_keeps_registers(void (*f)(void*), void* argument, long pattern);

TEST_CASE("registers: rbx, rbp, r12 to r15 and rsp are kept on both sides of a switch") {
    for (backend const b : backends()) {
        CAPTURE(static_cast<int>(b));
        int lost_inside = 0, lost_outside = 0;
        coroutine c(b, [&](coroutine& self) {
            for (long i = 0; i < 100; ++i)
                lost_inside += hocket_test_keeps_registers([](void* s) { static_cast<coroutine*>(s)->pause(); }, &self,
                                                           0x1111'0000 + i * 16);
        });
        for (long i = 0; i < 101; ++i)
            lost_outside += hocket_test_keeps_registers([](void* s) { static_cast<coroutine*>(s)->resume(); }, &c,
                                                        0x2222'0000 + i * 16);
        CHECK(c.over());
        CHECK(lost_inside == 0);
        CHECK(lost_outside == 0);
    }
}

#endif

namespace {

// More values alive over each pause than there are registers; both halves of the arithmetic.
double much_arithmetic(int rounds, std::uint64_t start, void (*between)(void*), void* argument) {
    std::uint64_t a = start, b = a * 3, c = b ^ a, d = c + 7, e = d * 5, f = e ^ 0x55, g = f + a, h = g * 9, i = h ^ b, j = i + c;
    double p = static_cast<double>(start % 97), q = p * 0.5, r = q + 1, s = r * 1.25, t = s - q, u = t + p, v = u * 0.75;
    for (int n = 0; n < rounds; ++n) {
        between(argument);
        a += j, b ^= a, c += b, d ^= c, e += d, f ^= e, g += f, h ^= g, i += h, j ^= i;
        p += q, q = r * 0.5, r += s * 0.25, s = t - p * 0.125, t += u * 0.5, u = v + q, v = std::fmod(p + r, 1000.0);
    }
    return static_cast<double>((a ^ b ^ c ^ d ^ e ^ f ^ g ^ h ^ i ^ j) & 0xffff'ffff) + p + q + r + s + t + u + v;
}

}  // namespace

TEST_CASE("registers: a computation with many live values is not disturbed by others between its steps") {
    double expected[3];
    for (std::uint64_t i = 0; i < 3; ++i) expected[i] = much_arithmetic(200, 1000 + i, [](void*) {}, nullptr);
    for (backend const b : backends()) {
        CAPTURE(static_cast<int>(b));
        double got[3] = {};
        auto const body = [&got](std::uint64_t i) {
            return [&got, i](coroutine& self) {
                got[i] = much_arithmetic(200, 1000 + i, [](void* s) { static_cast<coroutine*>(s)->pause(); }, &self);
            };
        };
        coroutine first(b, body(0)), second(b, body(1)), third(b, body(2));
        while (!first.over() || !second.over() || !third.over())
            for (coroutine* const c : {&first, &second, &third})
                if (!c->over()) c->resume();
        for (int i = 0; i < 3; ++i) CHECK(got[i] == expected[i]);
    }
}
