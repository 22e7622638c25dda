// What the cases of parked fibers share: the memory that a process has, the stack under a fiber, and how deep it ran.
#pragma once

#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>

#include "side.hpp"

namespace hocket::bench {

// The sum of two lines of a file of /proc, which tells kB, in bytes.
inline std::uint64_t bytes_in(char const* file, std::string const& one, std::string const& other = "-") {
    std::uint64_t sum = 0, number = 0;
    std::ifstream lines(file);
    for (std::string name, rest; lines >> name; std::getline(lines, rest))
        if ((name == one || name == other) && lines >> number) sum += number * 1024;
    return sum;
}

// What this process has now, page tables included.
inline std::uint64_t resident() { return bytes_in("/proc/self/status", "VmRSS:", "VmPTE:"); }

// Ends the case when a fiber may not have so many bytes without the machine coming to its limits.
inline void need_memory(std::uint64_t fibers, std::uint64_t bytes_each) {
    std::uint64_t const mib = 1u << 20, needed = fibers * bytes_each / mib + 1024,
                        there = bytes_in("/proc/meminfo", "MemAvailable:") / mib;
    if (needed > there)
        throw unable("needs " + std::to_string(needed) + " MiB of memory, of which " + std::to_string(there) +
                     " are free");
}

// Uses so many bytes of the stack once.
[[gnu::noinline]] inline void run_deep(std::size_t bytes) noexcept {
    auto volatile* const frame = static_cast<char volatile*>(alloca(bytes + 1));
    for (std::size_t i = 0; i <= bytes; i += 512) frame[i] = 1;
}

// Whether a guard comes within `bytes` below this frame: the kernel is asked to read each page, and says EFAULT.
[[gnu::noinline]] inline bool guard_within(std::size_t bytes) noexcept {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
    auto const* const here = static_cast<char const*>(__builtin_frame_address(0));
    bool found = false;
    for (std::size_t below = 0; below <= bytes && !found; below += 4096)
        found = ::write(ends[1], here - below, 1) < 0 && errno == EFAULT;
    ::close(ends[0]);
    ::close(ends[1]);
    return found;
}

// Which fibers look for their guard: the first, and one in so many.
inline bool looks_for_guard(std::uint64_t i) noexcept { return i % 10'000 == 0; }

}  // namespace hocket::bench
