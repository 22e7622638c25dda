// Bodies that run as the first task of several kinds of runtime.
#pragma once

#include <hocket/testing.hpp>

#include <hocket/runtime.hpp>

#include "clean.hpp"

// Calls body() in runtimes of 1, 2 and 4 workers: each once as users have them, and once as the harness has, whose
// observer takes the longer way from fiber to fiber. Nothing may be left.
template <class F>
void in_runtimes(F body, hocket::runtime_options const& options = {.blocking_workers = 2}) {
    for_worker_counts([&](unsigned workers) {
        for (bool const observed : {false, true}) {
            CAPTURE(observed);
            hocket::runtime_options mine = options;
            mine.workers = workers;
            hocket::runtime rt(observed ? hocket::testing::observed(mine) : mine);
            rt.run(body);
            check_clean(rt);
        }
    });
}
