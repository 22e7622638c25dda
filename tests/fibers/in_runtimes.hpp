// Bodies that run as the first task of several kinds of runtime.
#pragma once

#include <hocket/testing.hpp>

#include <hocket/runtime.hpp>

#include "clean.hpp"

// Calls body(options) for several kinds of runtime, of 1, 2 and 4 workers: each once as users have them, and once as the
// harness has, whose observer takes the longer way from fiber to fiber.
template <class F>
void for_runtimes(F body, hocket::runtime_options const& options = {.blocking_workers = 2}) {
    for_worker_counts([&](unsigned workers) {
        for (bool const observed : {false, true}) {
            CAPTURE(observed);
            hocket::runtime_options mine = options;
            mine.workers = workers;
            body(observed ? hocket::testing::observed(mine) : mine);
        }
    });
}

// Calls body() as the first task of each of those. Nothing may be left.
template <class F>
void in_runtimes(F body, hocket::runtime_options const& options = {.blocking_workers = 2}) {
    for_runtimes(
        [&](hocket::runtime_options const& mine) {
            hocket::runtime rt(mine);
            rt.run(body);
            check_clean(rt);
        },
        options);
}
