// Quantiles, medians, and what a measure comes to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hocket::bench {

// There is at least one value.
inline double quantile_of(std::vector<double> values, double q) {
    auto const at = values.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

// One figure of one side, a value for each round.
struct series {
    std::string name;
    std::vector<double> rounds{};

    // Of an even number of rounds the mean of the two in the middle.
    double median() const {
        std::vector<double> sorted = rounds;
        std::ranges::sort(sorted);
        return (sorted[(sorted.size() - 1) / 2] + sorted[sorted.size() / 2]) / 2;
    }
    double sum() const { return std::accumulate(rounds.begin(), rounds.end(), 0.0); }
};

struct row {
    enum class bar_of { none, ratio_at_most, ratio_at_least, value_at_most };

    std::string id;
    std::string title;
    std::string unit;
    series ours{};
    std::optional<series> beside{};  // what it is compared with, where it is not a limit
    bar_of what = bar_of::none;
    double bar = 0;
    bool summed = false;              // the figure is the sum of the rounds; else their median
    std::string sentence{};           // why nothing was measured

    bool measured() const { return sentence.empty(); }
    double value(series const& s) const { return summed ? s.sum() : s.median(); }
    // Ours / beside; none where beside is 0, for then nothing can be said.
    std::optional<double> ratio() const;
    std::string verdict() const;  // holds, MISSES, "-" where there is no bar
};

}  // namespace hocket::bench
