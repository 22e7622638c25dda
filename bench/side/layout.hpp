// A table in Markdown, its columns aligned.
#pragma once

#include <string>
#include <vector>

namespace hocket::bench {

// Three digits that count.
std::string number(double v);

// The first line is the heading; text stands left, all else right. All lines are as long as is_text.
std::string laid_out(std::vector<std::vector<std::string>> const& lines, std::vector<bool> const& is_text);

}  // namespace hocket::bench
