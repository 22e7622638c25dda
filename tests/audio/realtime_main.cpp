// doctest's runner for the real-time tests: not run where the kernel cannot watch; there it says so and exits with 77.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <csignal>

#include "can_dispatch.hpp"

// SIGSYS that reached a handler which was there before sections were checked.
extern int volatile foreign_sigsys;
int volatile foreign_sigsys = 0;

int main(int argc, char** argv) {
    if (!support::can_dispatch()) return 77;
    std::signal(SIGSYS, [](int) { foreign_sigsys = foreign_sigsys + 1; });
    doctest::Context context(argc, argv);
    return context.run();
}
