// The one file that knows the JSON library.
#include "stress/json.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace hocket::stress {

using nlohmann::ordered_json;

static char const* verdict(bool passed) noexcept { return passed ? "passed" : "failed"; }

static ordered_json to_json(std::optional<latency> const& l) {
    if (!l) return {{"p50", nullptr}, {"p99", nullptr}, {"max", nullptr}};
    return {{"p50", l->p50}, {"p99", l->p99}, {"max", l->max}};
}

static ordered_json to_json(outcome const& o) {
    char choices[19];
    std::snprintf(choices, sizeof choices, "0x%016llx", static_cast<unsigned long long>(o.choices));
    return {{"name", o.name},
            {"verdict", verdict(o.passed())},
            {"cause", o.passed() ? ordered_json(nullptr) : ordered_json(word(o.cause))},
            {"ops", o.ops},
            {"seconds", o.seconds},
            {"rounds", o.rounds},
            {"failures", o.failures},
            {"remarks", o.remarks},
            {"choices", choices},
            {"latency_ns", to_json(o.latency_ns)}};
}

std::string to_json(report const& r) {
    ordered_json scenarios = ordered_json::array();
    for (auto const& o : r.scenarios) scenarios.push_back(to_json(o));
    ordered_json const all{{"schema", "hocket-stress/1"},
                           {"verdict", verdict(r.verdict() == exit_code::passed)},
                           {"seed", r.seed},
                           {"context", r.context},
                           {"workers", r.workers},
                           {"blocking_workers", r.blocking_workers},
                           {"scale", r.scale},
                           {"scenarios", scenarios}};
    // A failure may quote bytes that are no UTF-8, a file name for instance: replaced rather than thrown about.
    return all.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace hocket::stress
