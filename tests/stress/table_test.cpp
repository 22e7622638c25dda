// The table and its figures.
#include "stress/table.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <vector>

using namespace hocket::stress;

TEST_CASE("durations and rates have three digits and a unit") {
    CHECK(duration_text(0) == "0 ns");
    CHECK(duration_text(830) == "830 ns");
    CHECK(duration_text(999) == "999 ns");
    CHECK(duration_text(1000) == "1.00 us");
    CHECK(duration_text(1'254) == "1.25 us");
    CHECK(duration_text(9'996) == "10.0 us");
    CHECK(duration_text(47'000'000) == "47.0 ms");
    CHECK(duration_text(999'999'999) == "1.00 s");
    CHECK(duration_text(3'200'000'000'000) == "3200 s");
    CHECK(rate_text(0) == "0");
    CHECK(rate_text(950) == "950");
    CHECK(rate_text(12'500) == "12.5 k");
    CHECK(rate_text(3'100'000) == "3.10 M");
}

static std::vector<std::string> lines(std::string const& text) {
    std::istringstream in(text);
    std::vector<std::string> all;
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
}

TEST_CASE("columns are aligned, failures and remarks are told below, the last line counts") {
    report r;
    r.seed = 7;
    r.scenarios.resize(2);
    r.scenarios[0].name = "one";
    r.scenarios[0].ops = 1000;
    r.scenarios[0].seconds = 0.5;
    r.scenarios[0].latency_ns = latency{10, 20, 3000};
    r.scenarios[0].remarks = {"slow today"};
    r.scenarios[1].name = "a-longer-name";
    r.scenarios[1].cause = exit_code::leak;
    r.scenarios[1].failures = {"kept a stack"};

    auto const text = lines(to_table(r));
    REQUIRE(text.size() == 6);
    CHECK(text[0].find("verdict") == text[1].find("passed"));
    CHECK(text[0].find("verdict") == text[2].find("FAILED: leak"));
    CHECK(text[0].size() == text[1].size());
    CHECK(text[1].find("2.00 k") != std::string::npos);
    CHECK(text[1].find("3.00 us") != std::string::npos);
    CHECK(text[3] == "one (remark): slow today");
    CHECK(text[4] == "a-longer-name: kept a stack");
    CHECK(text[5] == "1 passed, 1 failed; seed 7");
}

TEST_CASE("the gravest cause is the verdict") {
    report r;
    CHECK(r.verdict() == exit_code::nothing_run);
    r.scenarios.resize(3);
    CHECK(r.verdict() == exit_code::passed);
    r.scenarios[1].cause = exit_code::shortage;
    CHECK(r.verdict() == exit_code::shortage);
    r.scenarios[0].cause = exit_code::leak;
    CHECK(r.verdict() == exit_code::leak);
    r.scenarios[2].cause = exit_code::invariant;
    CHECK(r.verdict() == exit_code::invariant);
    r.scenarios[0].cause = exit_code::crash;
    CHECK(r.verdict() == exit_code::crash);
    r.scenarios[1].cause = exit_code::hang;
    CHECK(r.verdict() == exit_code::hang);
}
