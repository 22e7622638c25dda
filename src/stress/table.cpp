// Columns and units.
#include "stress/table.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

namespace hocket::stress {

// `value` with three significant digits, and the first of `units` that keeps it below 999.5.
template <std::size_t N>
static std::string scaled(double value, std::array<char const*, N> const& units) {
    std::size_t u = 0;
    while (value >= 999.5 && u + 1 < N) {
        value /= 1000;
        ++u;
    }
    int const decimals = u == 0 ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    char text[48];
    std::snprintf(text, sizeof text, "%.*f%s", decimals, value, units[u]);
    return text;
}

std::string duration_text(std::uint64_t ns) {
    return scaled(static_cast<double>(ns), std::array{" ns", " us", " ms", " s"});
}

std::string rate_text(double per_second) { return scaled(per_second, std::array{"", " k", " M", " G"}); }

static std::string seconds_text(double seconds) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f", seconds);
    return text;
}

using row = std::array<std::string, 8>;

static row to_row(outcome const& o) {
    bool const timed = o.latency_ns.has_value();
    return {o.name,
            o.passed() ? "passed" : std::string("FAILED: ") + word(o.cause),
            std::to_string(o.ops),
            seconds_text(o.seconds),
            o.seconds > 0 ? rate_text(static_cast<double>(o.ops) / o.seconds) : "-",
            timed ? duration_text(o.latency_ns->p50) : "-",
            timed ? duration_text(o.latency_ns->p99) : "-",
            timed ? duration_text(o.latency_ns->max) : "-"};
}

std::string to_table(report const& r) {
    std::vector<row> rows{{"scenario", "verdict", "ops", "seconds", "ops/s", "p50", "p99", "max"}};
    for (auto const& o : r.scenarios) rows.push_back(to_row(o));

    std::array<std::size_t, 8> width{};
    for (auto const& line : rows)
        for (std::size_t i = 0; i < line.size(); ++i) width[i] = std::max(width[i], line[i].size());

    std::string out;
    for (auto const& line : rows) {
        for (std::size_t i = 0; i < line.size(); ++i) {
            std::string const pad(width[i] - line[i].size(), ' ');
            bool const text = i < 2;  // text to the left, figures to the right
            if (i != 0) out += "  ";
            out += text ? line[i] + pad : pad + line[i];
        }
        out += '\n';
    }
    for (auto const& o : r.scenarios) {
        for (auto const& f : o.failures) out += o.name + ": " + f + '\n';
        for (auto const& f : o.remarks) out += o.name + " (remark): " + f + '\n';
    }

    auto const failed =
        std::count_if(r.scenarios.begin(), r.scenarios.end(), [](auto const& o) { return !o.passed(); });
    auto const all = static_cast<std::ptrdiff_t>(r.scenarios.size());
    out += std::to_string(all - failed) + " passed, " + std::to_string(failed) + " failed; seed " +
           std::to_string(r.seed) + '\n';
    return out;
}

}  // namespace hocket::stress
