// One side of a comparison: a program that holds the cases of one contender and runs the one it is told to.
//
//   PROGRAM CASE [NAME=NUMBER...]
//
// Protocol: for every line on standard input it takes one sample and answers with one line of JSON,
//   {count, checksum, cpu_ns, wall_ns} and what the case adds, or with {unable: SENTENCE} when this contender, or this
//   machine, cannot do that much; the end of the input ends it. With cores=NUMBER the program uses no more than so many. A
//   case that cannot go on prints a sentence on standard error and exits with 1. The program in Go speaks the same.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::bench {

// The numbers that say how much of what a case is to do.
class parameters {
public:
    void set(std::string name, std::uint64_t value) { values_[std::move(name)] = value; }
    bool has(std::string_view name) const { return values_.find(name) != values_.end(); }
    // Ends the program with a sentence when there is none of that name.
    std::uint64_t operator[](std::string_view name) const;

private:
    std::map<std::string, std::uint64_t, std::less<>> values_;
};

struct sample {
    std::uint64_t count = 0;     // operations done
    std::uint64_t checksum = 0;  // of their work
    double cpu_ns = 0;           // of all threads of the process
    double wall_ns = 0;
    std::vector<double> latencies_ns{};  // one for each operation, where a case measures them one by one
    std::string context{};               // how hocket switched; empty for others
    std::uint64_t parked = 0;            // the most that were parked at once, where the case counts them
    std::uint64_t bytes = 0;             // of memory that all operations together took, where the case reads it
};

// Thrown by a case that is too large for its contender or for the machine; what() goes on after the contender's name.
class unable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Registers a case under its name; a static object of this type stands beside each.
struct bench_case {
    bench_case(char const* name, sample (*take)(parameters const&));
};

// Nanoseconds of the monotonic clock, of CPU time of all threads of this process, and of the calling thread.
std::int64_t now_ns() noexcept;
std::int64_t cpu_ns() noexcept;
std::int64_t thread_cpu_ns() noexcept;

// Measures from its construction until stop().
class meter {
public:
    meter() noexcept : cpu_(cpu_ns()), wall_(now_ns()) {}
    void stop(sample& s) const noexcept {
        s.wall_ns = static_cast<double>(now_ns() - wall_);
        s.cpu_ns = static_cast<double>(cpu_ns() - cpu_);
    }

private:
    std::int64_t cpu_;
    std::int64_t wall_;
};

// The same, but for CPU time it takes that of the calling thread alone: where others work too, and that is not the point.
class thread_meter {
public:
    thread_meter() noexcept : cpu_(thread_cpu_ns()), wall_(now_ns()) {}
    void stop(sample& s) const noexcept {
        s.wall_ns = static_cast<double>(now_ns() - wall_);
        s.cpu_ns = static_cast<double>(thread_cpu_ns() - cpu_);
    }

private:
    std::int64_t cpu_;
    std::int64_t wall_;
};

// Works for so long.
inline void spin_for(std::int64_t ns) noexcept {
    std::int64_t const end = now_ns() + ns;
    while (now_ns() < end) {
    }
}

// How long sleeper `i` of the sleep rows sleeps: 1 to 100 ms, the same for all contenders.
inline std::int64_t sleep_of(std::uint64_t i) noexcept {
    return 1'000'000 + static_cast<std::int64_t>(i * 2'654'435'761u % 99'000'001u);
}

}  // namespace hocket::bench
