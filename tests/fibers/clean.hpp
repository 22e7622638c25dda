// What a test asserts of a runtime of its own when its tasks are over.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <hocket/runtime.hpp>
#include <thread>

// Nothing of them is left. The last worker may still be on its way to its bed.
inline void check_clean(hocket::runtime const& rt) {
    hocket::runtime_stats s = rt.stats();
    auto dirty = [&s] {
        return s.live != 0 || s.timers != 0 || s.arena_bytes != 0 || s.stacks_in_use > s.workers + s.blocking_workers;
    };
    for (int i = 0; i < 2000 && dirty(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        s = rt.stats();
    }
    CHECK(s.live == 0);
    CHECK(s.spawned == s.completed);
    CHECK(s.timers == 0);
    CHECK(s.arena_bytes == 0);
    CHECK(s.stacks_in_use <= s.workers + s.blocking_workers);
}

// Calls f(workers) for each of the usual counts.
template <class F>
void for_worker_counts(F&& f) {
    for (unsigned const workers : {1u, 2u, 4u}) {
        CAPTURE(workers);
        f(workers);
    }
}
