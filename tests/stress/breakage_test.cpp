// Every invariant can fail: each scenario, broken on purpose, is seen to be.
#include <doctest/doctest.h>

#include "child.hpp"

using namespace stress_test;

TEST_CASE("each scenario that does its job wrong is caught by its own invariant") {
    for (auto const& name : listed_names()) {
        CAPTURE(name);
        auto const r =
            run_with_report(breakable_path, {"run", name, "--break", name, "--scale", "0.01", "--seed", "99"});
        CAPTURE(r.end.out);
        CAPTURE(r.end.err);
        CHECK_FALSE(r.end.timed_out);
        CHECK(r.end.code == 1);
        REQUIRE_FALSE(r.report.is_discarded());
        CHECK(r.report["verdict"] == "failed");
        REQUIRE(r.report["scenarios"].size() == 1);
        auto const& s = r.report["scenarios"][0];
        CHECK(s["verdict"] == "failed");
        CHECK(s["cause"] == "invariant");
        REQUIRE(s["failures"].size() > 0);
        CHECK(r.end.out.find(name + ": " + s["failures"][0].get<std::string>()) != std::string::npos);
    }
}

TEST_CASE("the breakable build passes when nothing is broken, or when something else is") {
    CHECK(run(breakable_path, {"run", "all", "--scale", "0.005"}).code == 0);
    CHECK(run(breakable_path, {"run", "ping-pong", "--break", "spawn", "--scale", "0.005"}).code == 0);
}

TEST_CASE("one failure does not stop the others, and makes the whole fail") {
    auto const r =
        run_with_report(breakable_path, {"run", "ping-pong", "spawn", "--break", "ping-pong", "--scale", "0.005"});
    CHECK(r.end.code == 1);
    REQUIRE(r.report["scenarios"].size() == 2);
    CHECK(r.report["scenarios"][0]["verdict"] == "failed");
    CHECK(r.report["scenarios"][1]["verdict"] == "passed");
    CHECK(r.end.out.find("1 passed, 1 failed") != std::string::npos);
}

TEST_CASE("a broken invariant ends the repetitions of --duration") {
    auto const r =
        run(breakable_path, {"run", "ping-pong", "--break", "ping-pong", "--scale", "0.005", "--duration", "100"}, 60);
    CHECK(r.code == 1);
}
