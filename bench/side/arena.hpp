// What the cases of oneTBB share: an arena with as many threads as asked for.
#pragma once

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include "side.hpp"

namespace hocket::bench {

// Runs body(sample&) in an arena of p["workers"] threads, the caller's included.
template <class Body>
sample in_arena(parameters const& p, Body body) {
    sample s;
    auto const workers = p["workers"];
    tbb::global_control const limit(tbb::global_control::max_allowed_parallelism, workers);
    tbb::task_arena arena(static_cast<int>(workers));
    arena.execute([&] { body(s); });
    return s;
}

}  // namespace hocket::bench
