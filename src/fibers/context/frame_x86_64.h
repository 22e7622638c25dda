// The frame that the x86-64 switch leaves on the stack it comes from: offsets in bytes from the saved stack pointer. Read by
// the assembler and by the compiler, which checks them against struct native_frame.
#ifndef HOCKET_FRAME_X86_64_H
#define HOCKET_FRAME_X86_64_H

#define HOCKET_FRAME_R12 0
#define HOCKET_FRAME_R13 8
#define HOCKET_FRAME_R14 16
#define HOCKET_FRAME_R15 24
#define HOCKET_FRAME_RBX 32
#define HOCKET_FRAME_RBP 40
#define HOCKET_FRAME_RIP 48
#define HOCKET_FRAME_SIZE 56

// The explored build assembles the same file under names of its own.
#ifdef HOCKET_EXPLORED
#define HOCKET_ASM_NAME(name) hocket_explored_##name
#else
#define HOCKET_ASM_NAME(name) hocket_##name
#endif

#endif
