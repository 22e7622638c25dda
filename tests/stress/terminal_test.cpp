// The live line is for terminals only.
#include <doctest/doctest.h>

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

TEST_CASE("elsewhere standard error stays empty") {
    auto const r = run(stress_path, brief, 60);
    CHECK(r.code == 0);
    CHECK(r.err.empty());
}
