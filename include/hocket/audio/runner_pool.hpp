// The runners: the workers on which AsyncThreads run. Engines share one pool unless told otherwise.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <hocket/detail/config.hpp>
#include <hocket/runtime.hpp>
#include <memory>
#include <string>
#include <vector>

namespace hocket::inline HOCKET_ABI::audio {

struct runner_pool_options {
    // Actions that may execute at once, over all engines of the pool; also the number of runners. 1 .. 64. One that is
    // suspended does not execute. Tasks that an action spawns are not counted.
    unsigned max_concurrent = 2;
    // Threads for what actions pass to hocket::blocking, such as reading files.
    unsigned blocking_workers = 2;
    // How contexts are switched.
    context_backend context = context_backend::automatic;
    // Bytes of an action's stack. Module code knows nothing of fibers: more than a fiber's default.
    std::size_t stack_size = 256 * 1024;
};

// An action that executes.
struct permit_holder {
    std::string name;                // of module and thread
    std::chrono::nanoseconds held{};  // since it began, or went on after a suspension
};

struct runner_pool_stats {
    unsigned runners = 0;
    unsigned most_at_once = 0;             // the most actions that have executed at once
    std::vector<permit_holder> executing;  // now, the longest first: whom the others wait for when they are max_concurrent
    std::uint64_t moves = 0;               // times that a runner went on elsewhere, because an action took longer than 2 ms
    std::uint64_t balanced = 0;            // modules given to another runner, to make their load equal
    runtime_stats runtime;                 // of the runtime below
};

namespace detail {
class runners;
}

class HOCKET_API runner_pool {
public:
    // Starts the threads. Throws std::invalid_argument for options out of range, std::system_error, std::bad_alloc.
    // [control]
    explicit runner_pool(runner_pool_options const& options = {});
    runner_pool(runner_pool const&) = delete;
    runner_pool& operator=(runner_pool const&) = delete;
    // Ends the threads. No engine uses it any more. [control]
    ~runner_pool();

    // The pool of the process: made for the first engine that has none of its own, gone with the last. [control]
    static std::shared_ptr<runner_pool> shared();

    // Throws std::bad_alloc. [any thread but audio]
    runner_pool_stats stats() const;

    detail::runners& core() noexcept { return *core_; }

private:
    std::unique_ptr<detail::runners> core_;
};

}  // namespace hocket::inline HOCKET_ABI::audio
