// JSON: what the sides answer, and the report.
#pragma once

#include <string>

#include "report.hpp"

namespace hocket::bench {

// Throws std::runtime_error with a sentence when the line is none of the protocol.
answer read_answer(std::string const& line);

// {schema: "hocket-bench/1", date, machine: {...}, context, rounds, quick, rows: [{id, case, ours, rival, rival_value,
// unit, ratio, must, goal, ...}]}: one row for each rival; null what was not measured, and must and goal where no bar
// is set.
std::string to_json(report const& r);

// The same head with the schema "hocket-bench-scaling/1", and rows: [{case, side, workers, ns, median, per_second,
// speed_up, cores}], null what was not measured; then `sentence` says why.
std::string scaling_to_json(report const& r);

}  // namespace hocket::bench
