// How many actions execute at once, over all runners of a pool.
//
// States of a permit: free, held by the worker on which an action executes, or being handed over.
// Protocol: a worker takes one before an action begins and before one that was suspended goes on, and gives it up when the
//   action is suspended or has ended. Who finds none waits, as a thread: what that worker could do meanwhile needs a permit
//   too. Permits are handed over in the order in which they were asked for. Whoever holds one executes, so nobody waits for
//   a permit in vain: what is suspended holds none.
// Memory order: all under `guard_`, but for `since_`, which runners watch to find out who holds a permit for too long; a
//   value that is late or early by one call makes them look once more.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <hocket/detail/config.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <hocket/audio/runner_pool.hpp>

namespace hocket::inline HOCKET_ABI::audio::detail {

class permits {
public:
    // `count` permits, for workers 0 .. workers-1. Throws std::bad_alloc. [control]
    permits(unsigned count, unsigned workers);

    // Waits for a permit; `who`, which is shown meanwhile, outlives the hold. Returns the time. [worker]
    std::int64_t acquire(unsigned worker, std::string const& who) noexcept;
    // How long it was held, in ns. [worker]
    std::int64_t release(unsigned worker) noexcept;

    // Since when the worker has held one, in ns of steady_clock; 0 when it holds none. [any thread]
    std::int64_t since(unsigned worker) const noexcept { return since_[worker].load(std::memory_order_relaxed); }

    // Who holds one, longest first. Throws std::bad_alloc. [any thread but audio]
    std::vector<permit_holder> holders() const;
    // The most that were ever held at once. [any thread but audio]
    unsigned most() const noexcept;

private:
    struct waiter {
        std::condition_variable granted;
        bool has = false;
        waiter* next = nullptr;
    };

    mutable std::mutex guard_;
    unsigned free_;
    unsigned const count_;
    unsigned fewest_free_;
    waiter* first_ = nullptr;  // the queue; its members lie on their threads' stacks
    waiter* last_ = nullptr;
    std::vector<std::string const*> who_;  // of each worker
    std::vector<std::atomic<std::int64_t>> since_;
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail
