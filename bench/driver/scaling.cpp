#include "scaling.hpp"

#include <array>
#include <utility>

#include "layout.hpp"
#include "table.hpp"

namespace hocket::bench {

namespace {

constexpr std::array<unsigned, 5> worker_counts{1, 2, 4, 8, 16};

}  // namespace

std::vector<row> scaling_rows(unsigned cores) {
    std::vector<row> all;
    for (std::size_t i = 0; i < rows_on(1).size(); ++i)
        for (unsigned const workers : worker_counts)
            if (workers == 1 || workers <= cores) all.push_back(rows_on(workers)[i]);
    return all;
}

std::vector<scaling_point> scaling_points(report const& r) {
    std::vector<scaling_point> points;
    auto const alone = [&](scaling_point const& p) -> std::optional<double> {
        for (auto const& q : points)
            if (q.workers == 1 && q.of == p.of && q.side == p.side) return q.ns;
        return std::nullopt;
    };
    for (auto const& row : r.rows) {
        auto const workers = static_cast<unsigned>(row.of->how_much.at("workers").full);
        auto const add = [&](side_outcome const& s) {
            scaling_point p{row.of->title, s.name, workers, {}, {}, {}, {}, {}, s.sentence};
            if (s.measured()) {
                p.ns = s.best();
                p.median = s.median();
                p.per_second = 1e9 / *p.ns;
                p.cores = side_outcome::median_of(s.cores);
                if (workers == 1) p.speed_up = 1;
                else if (auto const one = alone(p)) p.speed_up = *one / *p.ns;
            }
            points.push_back(std::move(p));
        };
        add(row.ours);
        for (auto const& c : row.rivals) add(c.rival);
    }
    return points;
}

std::string scaling_to_markdown(report const& r) {
    std::string out = "# Speed-up, " + r.when.day + ", context " + r.context + "\n\n" + conditions(r) + ".\n\n";
    out +=
        "Wall time for one operation, the best of the rounds, the median beside it; the speed-up is against the same "
        "side on one worker. A side may use as many cores as it has workers; *cores*: CPU time / wall time, what the "
        "system let it have of them. The checksum of each sample was verified.\n\n";
    std::vector<std::vector<std::string>> lines{
        {"case", "side", "workers", "ns", "median", "M/s", "speed-up", "cores"}};
    std::string remarks;
    auto const text = [](std::optional<double> v, double scale = 1) { return v ? number(*v * scale) : "-"; };
    for (auto const& p : scaling_points(r)) {
        lines.push_back({p.of, p.side, std::to_string(p.workers), text(p.ns), text(p.median), text(p.per_second, 1e-6),
                         text(p.speed_up), text(p.cores)});
        if (!p.sentence.empty())
            remarks += "- " + p.of + ", " + std::to_string(p.workers) + " workers: " + p.side + ' ' + p.sentence + '\n';
    }
    out += laid_out(lines, {true, true, false, false, false, false, false, false}) + '\n';
    std::string beyond;
    for (unsigned const workers : worker_counts)
        if (workers > r.where.cores) beyond += (beyond.empty() ? "" : ", ") + std::to_string(workers);
    if (!beyond.empty())
        remarks += "- not had: " + beyond + " workers; this process may use " + std::to_string(r.where.cores) +
                   (r.where.cores == 1 ? " core\n" : " cores\n");
    if (!remarks.empty()) out += "Remarks:\n\n" + remarks;
    return out;
}

}  // namespace hocket::bench
