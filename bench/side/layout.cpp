#include "layout.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace hocket::bench {

std::string number(double v) {
    char text[32];
    int const decimals = v >= 99.95 ? 0 : v >= 9.995 ? 1 : v >= 0.9995 ? 2 : 3;
    std::snprintf(text, sizeof text, "%.*f", decimals, v);
    return text;
}

std::string laid_out(std::vector<std::vector<std::string>> const& lines, std::vector<bool> const& is_text) {
    std::vector<std::size_t> width(is_text.size());
    for (auto const& l : lines)
        for (std::size_t i = 0; i < l.size(); ++i) width[i] = std::max(width[i], l[i].size());
    std::string out;
    bool first = true;
    for (auto const& l : lines) {
        for (std::size_t i = 0; i < l.size(); ++i) {
            std::string const pad(width[i] - l[i].size(), ' ');
            out += "| ";
            out += is_text[i] ? l[i] + pad : pad + l[i];
            out += ' ';
        }
        out += "|\n";
        if (!std::exchange(first, false)) continue;
        for (std::size_t i = 0; i < l.size(); ++i) {
            out += '|';
            out.append(width[i] + 1, '-');
            out += is_text[i] ? '-' : ':';
        }
        out += "|\n";
    }
    return out;
}

}  // namespace hocket::bench
