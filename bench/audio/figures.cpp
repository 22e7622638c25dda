#include "figures.hpp"

namespace hocket::bench {

std::optional<double> row::ratio() const {
    if (!measured() || !beside || value(*beside) == 0) return std::nullopt;
    return value(ours) / value(*beside);
}

std::string row::verdict() const {
    if (!measured()) return "not measured";
    if (what == bar_of::none) return "-";
    if (what == bar_of::value_at_most) return value(ours) <= bar ? "holds" : "MISSES";
    auto const r = ratio();
    if (!r) return "nothing to compare";
    return (what == bar_of::ratio_at_most ? *r <= bar : *r >= bar) ? "holds" : "MISSES";
}

}  // namespace hocket::bench
