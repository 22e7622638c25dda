// What the cases of hocket share: the runtime they run on, waiting for a batch of tasks, beginning together.
#pragma once

#include <atomic>
#include <cstddef>
#include <hocket/runtime.hpp>
#include <hocket/semaphore.hpp>
#include <hocket/this_fiber.hpp>
#include <optional>
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

// Where tasks wait for each other before they begin, and from when on is measured.
class start_line {
public:
    explicit start_line(std::uint64_t runners) : runners_(runners) {}
    // The last to arrive starts the meter; the others yield until then.
    void arrive() {
        if (arrived_.fetch_add(1, std::memory_order_relaxed) + 1 == runners_) {
            meter_.emplace();
            off_.store(true, std::memory_order_release);
        }
        while (!off_.load(std::memory_order_acquire)) this_fiber::yield();
    }
    // Of the time since then, when all have come to their end.
    meter const& since() const { return *meter_; }

private:
    std::uint64_t const runners_;
    std::atomic<std::uint64_t> arrived_{0};
    std::atomic<bool> off_{false};
    std::optional<meter> meter_{};
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
