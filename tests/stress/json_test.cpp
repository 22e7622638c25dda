// The report as JSON, without running anything.
#include "stress/json.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace hocket::stress;

TEST_CASE("the fields of the schema, with null where nothing was measured") {
    report r;
    r.seed = UINT64_MAX;
    r.context = "native";
    r.workers = 3;
    r.blocking_workers = 1;
    r.scenarios.resize(2);
    r.scenarios[0].name = "one";
    r.scenarios[0].ops = 5;
    r.scenarios[0].seconds = 0.25;
    r.scenarios[0].latency_ns = latency{1, 2, 3};
    r.scenarios[1].name = "two";
    r.scenarios[1].cause = exit_code::invariant;
    r.scenarios[1].failures = {"a \"quoted\" sentence", "bytes \xff that are no UTF-8"};

    auto const j = nlohmann::json::parse(to_json(r));
    CHECK(j["schema"] == "hocket-stress/1");
    CHECK(j["verdict"] == "failed");
    CHECK(j["seed"].get<std::uint64_t>() == UINT64_MAX);
    CHECK(j["context"] == "native");
    CHECK(j["workers"] == 3);
    REQUIRE(j["scenarios"].size() == 2);
    auto const& one = j["scenarios"][0];
    CHECK(one["name"] == "one");
    CHECK(one["verdict"] == "passed");
    CHECK(one["cause"].is_null());
    CHECK(one["ops"] == 5);
    CHECK(one["seconds"] == 0.25);
    CHECK(one["failures"].empty());
    CHECK(one["latency_ns"] == nlohmann::json{{"p50", 1}, {"p99", 2}, {"max", 3}});
    auto const& two = j["scenarios"][1];
    CHECK(two["verdict"] == "failed");
    CHECK(two["cause"] == "invariant");
    CHECK(two["failures"].size() == 2);
    CHECK(two["failures"][0] == "a \"quoted\" sentence");
    CHECK(two["latency_ns"]["p50"].is_null());
}

TEST_CASE("a report without scenarios has not passed") {
    CHECK(nlohmann::json::parse(to_json(report{}))["verdict"] == "failed");
}
