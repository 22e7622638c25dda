// What the cases of hocket share: the runtime they run on, and waiting for a batch of tasks.
#pragma once

#include <atomic>
#include <cstddef>
#include <hocket/runtime.hpp>
#include <hocket/semaphore.hpp>
#include <utility>

#include "side.hpp"

namespace hocket::bench {

// Default options; only the number of workers is set. The backend is what HOCKET_CONTEXT says.
inline runtime_options options(parameters const& p) {
    runtime_options o;
    o.workers = static_cast<unsigned>(p["workers"]);
    return o;
}

inline void note_context(sample& s, runtime const& rt) {
    s.context = rt.stats().context == context_backend::boost ? "boost" : "native";
}

// As Go's WaitGroup, for one waiter. It outlives the runtime of the tasks that leave it.
class wait_group {
public:
    // Before any task of the batch is spawned.
    void expect(std::size_t tasks) noexcept { left_.store(tasks, std::memory_order_relaxed); }
    void leave() noexcept {
        // acq_rel: what the tasks wrote is seen by wait()
        if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) done_.release();
    }
    void wait() noexcept { done_.acquire(); }

private:
    std::atomic<std::size_t> left_{0};
    binary_semaphore done_{0};
};

// Runs body(sample&) as the first task of a runtime.
template <class Body>
sample on_runtime(parameters const& p, Body body) {
    sample s;
    runtime rt(options(p));
    note_context(s, rt);
    rt.run([&] { body(s); });
    return s;
}

}  // namespace hocket::bench
