// Counts what a section of code must not do on the audio thread: system calls and allocations.
//
// System calls are caught by the kernel's Syscall User Dispatch, allocations by replacing operator new. Neither works
// under a sanitizer; available() says so. Not seen: malloc called by C code, and locks that nobody contends.
#pragma once

namespace guard {

// Whether this machine and this build can count at all.
bool available() noexcept;

struct counts {
    int system_calls = 0;  // at most 1: the first one ends the counting
    int allocations = 0;
};

// From begin() to end() the calling thread is watched.
void begin() noexcept;
counts end() noexcept;

// counts of f().
template <class F>
counts watch(F&& f) {
    begin();
    f();
    return end();
}

}  // namespace guard
