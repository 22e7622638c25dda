// Binding threads to cores, where a row is about the way between two of them, or about how many there are.
#pragma once

#include <sched.h>

namespace hocket::bench {

// Those that the process may use, before any of its threads has been bound.
inline cpu_set_t cores_at_start = [] {
    cpu_set_t all;
    CPU_ZERO(&all);
    sched_getaffinity(0, sizeof all, &all);
    return all;
}();

// Binds the calling thread to the n-th of them; where there are fewer, begins again with the first.
inline void bind_to(int n) noexcept {
    n %= CPU_COUNT(&cores_at_start);
    for (int c = 0; c < CPU_SETSIZE; ++c)
        if (CPU_ISSET(c, &cores_at_start) && n-- == 0) {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(c, &one);
            sched_setaffinity(0, sizeof one, &one);
            return;
        }
}

// Leaves the process no more than the first `n` of them, for good. Before it has other threads.
inline void use_cores(int n) noexcept {
    for (int c = 0; c < CPU_SETSIZE; ++c)
        if (CPU_ISSET(c, &cores_at_start) && n-- <= 0) CPU_CLR(c, &cores_at_start);
    sched_setaffinity(0, sizeof cores_at_start, &cores_at_start);
}

// Gives the calling thread all of them back at the end of a block: threads that it starts inherit what it has.
struct free_at_end {
    free_at_end() = default;
    free_at_end(free_at_end const&) = delete;
    free_at_end& operator=(free_at_end const&) = delete;
    ~free_at_end() { sched_setaffinity(0, sizeof cores_at_start, &cores_at_start); }
};

}  // namespace hocket::bench
