// What the rounds of a row gave.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rows.hpp"

namespace hocket::bench {

// One side's answer to one request, as it came.
struct answer {
    std::uint64_t count = 0, checksum = 0;
    double cpu_ns = 0, wall_ns = 0;
    std::optional<double> p50_ns{}, p99_ns{};
    std::string context{};
    std::uint64_t parked = 0, bytes = 0;
    std::string unable{};  // why it could not; then nothing else was told
};

struct side_outcome {
    enum class fate : unsigned char { measured, missing, unable, failed };

    std::string name;
    fate ended = fate::measured;
    std::string sentence{};        // why it is missing, unable or failed
    std::vector<double> values{};  // of each round, in the row's unit
    std::vector<double> p99{};     // likewise, where there are latencies
    std::vector<double> cores{};   // CPU time / wall time of each round; a limit has none
    std::uint64_t count = 0;       // operations of a sample
    std::uint64_t parked = 0;      // the most that were parked at once, where it is counted
    bool more_is_better = false;

    bool measured() const { return ended == fate::measured && !values.empty(); }
    double best() const {
        auto const [least, most] = std::minmax_element(values.begin(), values.end());
        return more_is_better ? *most : *least;
    }
    double median() const { return median_of(values); }
    static double median_of(std::vector<double> v) {
        std::sort(v.begin(), v.end());
        return v.size() % 2 != 0 ? v[v.size() / 2] : (v[v.size() / 2 - 1] + v[v.size() / 2]) / 2;
    }
};

enum class verdict : unsigned char { goal, must, misses, none, unmeasured };

struct comparison {
    side_outcome rival;
    std::optional<bars> bar;
    std::optional<double> ratio;  // of the best: ours / rival; where more is better rival / ours
    verdict says = verdict::none;
};

struct row_outcome {
    row const* of = nullptr;
    side_outcome ours;
    std::vector<comparison> rivals;

    bool failed() const {
        return ours.ended == side_outcome::fate::failed ||
               std::any_of(rivals.begin(), rivals.end(),
                           [](auto const& r) { return r.rival.ended == side_outcome::fate::failed; });
    }
};

}  // namespace hocket::bench
