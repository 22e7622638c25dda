// The fiber test cases of the program, and how they become doctest's.
//
// Each case is one doctest test case for every context and worker count it runs over, so that reports and filters name
// the run. What the counts are is known only when doctest starts: then, before it collects its cases, enlist_cases() is
// called.
#pragma once

#include <hocket/testing.hpp>

#include <string>

namespace hocket::inline HOCKET_ABI::testing::detail {

// One run of a case.
struct case_run {
    void (*body)();
    case_options const* options;
    context_backend context;
    unsigned workers;
    char const* file;
    unsigned line;
    std::string name;
};

// Registers all runs with doctest; does nothing the second time. [main]
void enlist_cases();

}  // namespace hocket::inline HOCKET_ABI::testing::detail
