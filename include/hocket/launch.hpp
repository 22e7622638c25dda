// Launch attributes: what may be said of a task when it is spawned.
#pragma once

#include <chrono>
#include <cstddef>
#include <hocket/detail/config.hpp>
#include <stdexcept>
#include <string_view>

namespace hocket::inline HOCKET_ABI {

inline constexpr int any_worker = -1;

struct launch {
    // Shown in dumps, logs and error messages. Copied.
    std::string_view name{};
    // Earliest start, counted from the spawn.
    std::chrono::nanoseconds delay{0};
    // The one worker that may run the task, 0 .. workers-1; any_worker for no such bond. Out of range:
    // std::invalid_argument.
    int worker = any_worker;
    // Bytes of stack, 16 KiB to 8 MiB; 0, and what is less than the runtime's default, for that. Outside:
    // std::invalid_argument. More than the default: rounded up to a power of two; when no such stack is to be had (see
    // runtime_options::max_stacks) the spawn throws std::bad_alloc.
    std::size_t stack_size = 0;
    // The task has a floating-point control state of its own (rounding, flush-to-zero, traps), which begins as its
    // spawner's is at the spawn, and goes with it wherever it goes on. All other tasks share one: that of the thread that
    // made the runtime; what one of them changes it must change back before it suspends or ends, which debug builds check.
    // Jobs of such a task begin with its state, and each is a spawn.
    bool own_fp_control = false;
};

// Thrown by go() and its kin where there is no runtime to spawn into.
class HOCKET_API no_runtime : public std::logic_error {
public:
    using std::logic_error::logic_error;
    ~no_runtime() override;
};

inline namespace literals {
consteval std::size_t operator""_KiB(unsigned long long n) { return n * 1024; }
consteval std::size_t operator""_MiB(unsigned long long n) { return n * 1024 * 1024; }
}  // namespace literals

}  // namespace hocket::inline HOCKET_ABI
