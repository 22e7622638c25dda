// terminal-test HOCKET-STRESS [doctest options]
// The live line is for terminals. A root without a mounted devpts has none: then nothing can be tested here.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <pty.h>
#include <unistd.h>

#include <cstdio>

#include "child.hpp"

using namespace stress_test;

static std::vector<std::string> const brief{"run", "ping-pong", "--scale", "0.01", "--duration", "1"};

TEST_CASE("on a terminal one line is redrawn and taken away in the end") {
    auto const r = run(stress_path, brief, 60, {}, errors_to::terminal);
    CHECK(r.code == 0);
    CAPTURE(r.err);
    CHECK(r.err.rfind("\r[1/1] ping-pong  ", 0) == 0);
    CHECK(r.err.find('\n') == std::string::npos);
    REQUIRE(r.err.size() > 4);
    CHECK(r.err.substr(r.err.size() - 4) == "\r\033[K");
}

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fputs("terminal-test: the first argument is the path of hocket-stress\n", stderr);
        return 2;
    }
    int ours, its;
    if (openpty(&ours, &its, nullptr, nullptr, nullptr) != 0) {
        std::puts("there is no pseudo terminal here: devpts is not mounted");
        return 77;
    }
    close(ours);
    close(its);
    stress_test::stress_path = argv[1];
    return doctest::Context(argc - 1, argv + 1).run();
}
