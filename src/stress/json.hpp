// The report as JSON, schema "hocket-stress/1".
#pragma once

#include <string>

#include "stress/outcome.hpp"

namespace hocket::stress {

// {schema, verdict: passed|failed, seed, context, workers, blocking_workers, scale, scenarios: [{name, verdict, cause,
// ops, seconds, rounds, failures, remarks, choices, latency_ns: {p50, p99, max}}]}. Where a scenario measures no
// latency the three are null; cause is null when it passed.
std::string to_json(report const& r);

}  // namespace hocket::stress
