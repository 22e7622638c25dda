// Reports and lists for people.
#pragma once

#include <string>
#include <vector>

#include "options.hpp"
#include "report.hpp"

namespace play {

// Lines up the cells of rows, none of which is empty: the first column to the left, figures to the right. A row of one
// cell is a sentence, as wide as it is.
std::string to_columns(std::vector<std::vector<std::string>> const& rows);

// A line for each figure, then a row for each AsyncThread.
std::string to_table(options const& o, report const& r);

}  // namespace play
