// The report as a table for people.
#pragma once

#include <cstdint>
#include <string>

#include "stress/outcome.hpp"

namespace hocket::stress {

// One line per scenario, columns aligned: scenario, verdict, ops, seconds, ops/s, p50, p99, max; then failures and
// remarks, one line each; then the verdict of the whole.
std::string to_table(report const& r);

// A duration with three digits and its unit: "830 ns", "1.25 us", "47.0 ms", "3.20 s".
std::string duration_text(std::uint64_t ns);

// A rate with three digits: "950", "12.5 k", "3.10 M".
std::string rate_text(double per_second);

}  // namespace hocket::stress
