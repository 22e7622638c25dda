// The report as Markdown.
#pragma once

#include <string>

#include "report.hpp"

namespace hocket::bench {

std::string to_markdown(report const& r);

// The machine, the time, the rounds.
std::string conditions(report const& r);

// goal, must, MISSES, "-" where no bar is set; why, where nothing was measured.
std::string verdict_text(comparison const& c);

// What is compared: CPU time, wall time ...
std::string figure_text(figure f);

}  // namespace hocket::bench
