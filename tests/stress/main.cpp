// stress-test HOCKET-STRESS HOCKET-STRESS-BREAKABLE [doctest options]
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

#include "child.hpp"

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fputs("stress-test: the first two arguments are the paths of hocket-stress and hocket-stress-breakable\n",
                   stderr);
        return 2;
    }
    stress_test::stress_path = argv[1];
    stress_test::breakable_path = argv[2];
    return doctest::Context(argc - 2, argv + 2).run();
}
