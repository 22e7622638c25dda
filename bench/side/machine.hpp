// The machine that the figures belong to.
#pragma once

#include <string>

namespace hocket::bench {

struct machine {
    std::string cpu, system, compiler;
    unsigned cores = 0;   // this process may use
    double load = 0;      // processes that wanted to run, over the last minute
};

machine this_machine();

// Now, in UTC: 2026-11-21 and 20:15.
struct date {
    std::string day, time;
};
date today();

}  // namespace hocket::bench
