// Hang, leak, crash and shortage: what the process does when things go badly wrong.
#include <doctest/doctest.h>

#include "child.hpp"

using namespace stress_test;

static nlohmann::json only_scenario(reported const& r) {
    REQUIRE_FALSE(r.report.is_discarded());
    CHECK(r.report["verdict"] == "failed");
    REQUIRE(r.report["scenarios"].size() == 1);
    auto const& s = r.report["scenarios"][0];
    CHECK(s["verdict"] == "failed");
    REQUIRE(s["failures"].size() > 0);
    return s;
}

TEST_CASE("a hang is noticed, dumped and reported, and the process ends with 3") {
    auto const r = run_with_report(
        breakable_path, {"run", "ping-pong", "--break", "hang", "--hang-seconds", "1", "--scale", "0.001"}, 60);
    CAPTURE(r.end.err);
    CHECK_FALSE(r.end.timed_out);
    CHECK(r.end.code == 3);
    CHECK(r.end.seconds < 30);
    CHECK(r.end.err.find("ping-pong: no progress for 1 s; the tasks are:") != std::string::npos);
    CHECK(r.end.err.find("dump hangs") == std::string::npos);
    CHECK(r.end.err.find("semaphore") != std::string::npos);  // what the stuck task waits for
    auto const s = only_scenario(r);
    CHECK(s["cause"] == "hang");
    CHECK(r.end.out.find("FAILED: hang") != std::string::npos);
}

TEST_CASE("a task that is left behind is a leak, told by name, and ends with 4") {
    auto const r = run_with_report(breakable_path, {"run", "ping-pong", "--break", "leak", "--scale", "0.001"}, 60);
    CAPTURE(r.end.err);
    CHECK_FALSE(r.end.timed_out);
    CHECK(r.end.code == 4);
    auto const s = only_scenario(r);
    CHECK(s["cause"] == "leak");
    CHECK(s["failures"][0].get<std::string>().find("1 tasks") != std::string::npos);
    CHECK(s["failures"][0].get<std::string>().find("left behind") != std::string::npos);
}

TEST_CASE("an exception where none may be is a crash and ends with 5") {
    auto const r = run_with_report(breakable_path, {"run", "ping-pong", "--break", "crash", "--scale", "0.001"}, 60);
    CHECK(r.end.code == 5);
    auto const s = only_scenario(r);
    CHECK(s["cause"] == "crash");
    CHECK(s["failures"][0].get<std::string>().find("thrown on purpose") != std::string::npos);
}

TEST_CASE("want of memory is no broken invariant and ends with 6") {
    auto const r = run_with_report(breakable_path, {"run", "ping-pong", "--break", "shortage", "--scale", "0.001"}, 60);
    CHECK(r.end.code == 6);
    CHECK(only_scenario(r)["cause"] == "shortage");
}

TEST_CASE("a report that does not fit on the disk is not taken for written") {
    auto const r = run(stress_path, {"run", "ping-pong", "--scale", "0.001", "--json", "/dev/full"}, 60);
    CHECK(r.code == 6);
    CHECK(r.err.find("/dev/full") != std::string::npos);
}
