#include "table.hpp"

#include <array>
#include <cstdio>
#include <vector>

#include "layout.hpp"

namespace hocket::bench {

namespace {

std::string bar(double v) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", v);
    return text;
}

std::string side_value(side_outcome const& s) {
    switch (s.ended) {
        case side_outcome::fate::missing: return "missing";
        case side_outcome::fate::unable: return "unable";
        case side_outcome::fate::failed: return "FAILED";
        case side_outcome::fate::measured: break;
    }
    return s.measured() ? number(s.best()) : "-";
}

std::string median_value(side_outcome const& s) {
    return s.measured() && s.values.size() > 1 ? number(s.median()) : "-";
}

std::string counts(side_outcome const& ours, side_outcome const& rival) {
    std::string text = std::to_string(ours.count);
    if (rival.count != 0 && rival.count != ours.count) text += " / " + std::to_string(rival.count);
    return text;
}

}  // namespace

std::string verdict_text(comparison const& c) {
    switch (c.says) {
        case verdict::goal: return "goal";
        case verdict::must: return "must";
        case verdict::misses: return "MISSES";
        case verdict::none: return "-";
        case verdict::unmeasured: break;
    }
    switch (c.rival.ended) {
        case side_outcome::fate::missing: return "rival missing";
        case side_outcome::fate::unable: return "rival unable";
        default: return "not measured";
    }
}

std::string figure_text(figure f) {
    switch (f) {
        case figure::cpu: return "cpu";
        case figure::wall: return "wall";
        case figure::cpu_whole: return "cpu";
        case figure::wall_whole: return "wall";
        case figure::p50: return "p50";
        case figure::p99: return "p99";
        case figure::cpu_share: return "cpu";
        case figure::bytes: return "resident";
        case figure::reached: return "reached";
    }
    return {};
}

std::string conditions(report const& r) {
    char load[32];
    std::snprintf(load, sizeof load, "%.1f", r.where.load);
    return r.where.cpu + ", " + std::to_string(r.where.cores) + " cores; " + r.where.system + "; " + r.where.compiler +
           "; " + r.when.time + " UTC, load " + load + " at the start; " + std::to_string(r.rounds) +
           " interleaved rounds" + (r.quick ? ", QUICK: small counts, no figures to keep" : "");
}

std::string to_markdown(report const& r) {
    std::string out = "# Benchmarks, " + r.when.day + ", context " + r.context + "\n\n" + conditions(r) + ".\n\n";
    out +=
        "A figure is the best of the rounds, the median stands beside it; the ratio is ours / rival, of the best. "
        "*cpu*: CPU time of the whole process; *wall*: wall time; *p50*: the median of single latencies, best round. "
        "*on N cores*: CPU time / wall time, what the system let it have. "
        "Operations are those of one sample, of ours and the rival where they differ; the checksum of each was "
        "verified.\n\n";

    std::vector<std::vector<std::string>> lines{
        {"row", "case", "ours", "median", "rival", "value", "median", "unit", "ratio", "must", "goal", "verdict",
         "operations"}};
    std::vector<std::string> remarks;
    std::array<unsigned, 5> tally{};
    unsigned failed = 0;
    for (auto const& row : r.rows) {
        for (auto const& c : row.rivals) {
            ++tally[static_cast<std::size_t>(c.says)];
            lines.push_back({row.of->id, row.of->title, side_value(row.ours), median_value(row.ours), c.rival.name,
                             side_value(c.rival), median_value(c.rival), row.of->unit + ' ' + figure_text(row.of->what),
                             c.ratio ? number(*c.ratio) : "-", c.bar ? bar(c.bar->must) : "-",
                             c.bar ? bar(c.bar->goal) : "-", verdict_text(c), counts(row.ours, c.rival)});
        }
        failed += row.failed();
        std::string const head = row.of->id + ' ' + row.of->title + ": ";
        auto const remark = [&](side_outcome const& s) {
            if (!s.sentence.empty()) {
                remarks.push_back(head + s.name + ' ' + s.sentence);
                return;
            }
            std::string text = s.name;
            bool const wall = row.of->what == figure::wall || row.of->what == figure::wall_whole;
            if (wall && s.measured() && !s.cores.empty())
                text += ", on " + number(side_outcome::median_of(s.cores)) + " cores";
            if (s.parked != 0) text += ", at most " + std::to_string(s.parked) + " parked at once";
            if (!s.p99.empty()) text += ", p99 " + number(side_outcome::median_of(s.p99)) + ' ' + row.of->unit;
            if (text != s.name) remarks.push_back(head + text);
        };
        remark(row.ours);
        for (auto const& c : row.rivals) remark(c.rival);
    }
    out += laid_out(lines, {true, true, false, false, true, false, false, true, false, false, false, true, false});
    out += '\n';
    out += std::to_string(tally[0]) + " meet the goal, " + std::to_string(tally[1]) + " the must, " +
           std::to_string(tally[2]) + " miss it, " + std::to_string(tally[3]) + " without a bar, " +
           std::to_string(tally[4]) + " not measured; " + std::to_string(failed) + " rows with a failure.\n\n";
    if (!remarks.empty()) out += "Remarks:\n\n";
    for (auto const& text : remarks) out += "- " + text + '\n';
    return out;
}

}  // namespace hocket::bench
