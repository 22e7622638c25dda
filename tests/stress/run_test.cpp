// Runs that pass: their report, their seeds, their length.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "child.hpp"

using namespace stress_test;

TEST_CASE("all scenarios pass on either context, with any number of workers, and say so in every form") {
    auto const names = listed_names();
    for (char const* context : {"native", "boost"})
        for (char const* workers : {"1", "2", "4"}) {
            CAPTURE(context);
            CAPTURE(workers);
            auto const r = run_with_report(
                stress_path,
                {"run", "all", "--context", context, "--workers", workers, "--scale", "0.01", "--seed", "4711"}, 200);
            CAPTURE(r.end.out);
            CAPTURE(r.end.err);
            CHECK(r.end.code == 0);
            CHECK(r.end.out.rfind("seed 4711, ", 0) == 0);
            CHECK(r.end.out.find(std::to_string(names.size()) + " passed, 0 failed; seed 4711\n") != std::string::npos);
            REQUIRE_FALSE(r.report.is_discarded());
            CHECK(r.report["schema"] == "hocket-stress/1");
            CHECK(r.report["verdict"] == "passed");
            CHECK(r.report["seed"] == 4711);
            CHECK(r.report["context"] == context);
            CHECK(std::to_string(r.report["workers"].get<int>()) == workers);
            REQUIRE(r.report["scenarios"].size() == names.size());
            for (std::size_t i = 0; i < names.size(); ++i) {
                auto const& s = r.report["scenarios"][i];
                CHECK(s["name"] == names[i]);
                CHECK(s["verdict"] == "passed");
                CHECK(s["ops"].get<std::uint64_t>() > 0);
                CHECK(s["seconds"].get<double>() > 0);
                CHECK(s["failures"].is_array());
                CHECK(s["failures"].empty());
                REQUIRE(s["latency_ns"].is_object());
                auto const& l = s["latency_ns"];
                CHECK(l.size() == 3);
                if (!l["p50"].is_null()) {
                    CHECK(l["p50"].get<std::uint64_t>() <= l["p99"].get<std::uint64_t>());
                    CHECK(l["p99"].get<std::uint64_t>() <= l["max"].get<std::uint64_t>());
                }
            }
        }
}

// The digest of the random choices of each scenario.
static std::vector<std::string> choices(std::string const& seed, std::string const& workers) {
    // Left out are those that have nothing to choose, and those that choose as often as the threads let them.
    std::vector<std::string> arguments{"run", "all", "--scale", "0.003", "--seed", seed, "--workers", workers};
    for (char const* name : {"yield-ring", "skynet", "readers", "herd", "semaphore", "barrier", "select", "cancel"})
        arguments.insert(arguments.end(), {"--skip", name});
    auto const r = run_with_report(stress_path, arguments);
    REQUIRE(r.end.code == 0);
    std::vector<std::string> all;
    for (auto const& s : r.report["scenarios"]) all.push_back(s["choices"]);
    return all;
}

TEST_CASE("a seed repeats the random choices, whatever the threads do; another seed makes others") {
    auto const first = choices("1", "2"), again = choices("1", "4"), other = choices("2", "2");
    CHECK(first == again);
    REQUIRE(first.size() == other.size());
    for (std::size_t i = 0; i < first.size(); ++i) CHECK(first[i] != other[i]);
}

TEST_CASE("without --seed each run draws one, prints it and reports it") {
    std::set<std::uint64_t> seeds;
    for (int i = 0; i < 3; ++i) {
        auto const r = run_with_report(stress_path, {"run", "ping-pong", "--scale", "0.001"});
        REQUIRE(r.end.code == 0);
        auto const seed = r.report["seed"].get<std::uint64_t>();
        CHECK(r.end.out.rfind("seed " + std::to_string(seed) + ", ", 0) == 0);
        seeds.insert(seed);
    }
    CHECK(seeds.size() == 3);
}

TEST_CASE("--duration repeats each scenario for that long") {
    auto const r = run_with_report(stress_path, {"run", "ping-pong", "async", "--scale", "0.002", "--duration", "1"});
    CHECK(r.end.code == 0);
    CHECK(r.end.seconds >= 2);
    REQUIRE(r.report["scenarios"].size() == 2);
    for (auto const& s : r.report["scenarios"]) CHECK(s["rounds"].get<int>() > 1);
}

TEST_CASE("scenarios run in the order given, each once") {
    auto const r = run_with_report(stress_path, {"run", "foreign", "spawn", "foreign", "--scale", "0.001"});
    CHECK(r.end.code == 0);
    REQUIRE(r.report["scenarios"].size() == 2);
    CHECK(r.report["scenarios"][0]["name"] == "foreign");
    CHECK(r.report["scenarios"][1]["name"] == "spawn");
}

TEST_CASE("standard error stays empty where it is no terminal") {
    auto const r = run(stress_path, {"run", "ping-pong", "--scale", "0.01"}, 60);
    CHECK(r.code == 0);
    CHECK(r.err.empty());
}
