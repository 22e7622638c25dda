// Where a fresh native context begins (System V x86-64): rbp holds the entry function, rax the context just left, and
// the stack is 16-aligned. Unwinders stop here: the frame has no return address.

// The explored build assembles the same file under a name of its own.
#ifdef HOCKET_EXPLORED
#define hocket_native_start hocket_explored_native_start
#endif

        .text
        .globl  hocket_native_start
        .hidden hocket_native_start
        .type   hocket_native_start, @function
        .p2align 4
hocket_native_start:
        .cfi_startproc
        .cfi_undefined rip
        movq    %rax, %rdi
        movq    %rbp, %rdx
        xorl    %ebp, %ebp
        callq   *%rdx
        ud2                                             // an entry function never returns
        .cfi_endproc
        .size   hocket_native_start, . - hocket_native_start

        .section .note.GNU-stack,"",@progbits
