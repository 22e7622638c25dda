// The report as Markdown.
#include <cstdio>

#include "layout.hpp"
#include "report.hpp"

namespace hocket::bench {

namespace {

std::string plain(char const* format, double v) {
    char text[32];
    std::snprintf(text, sizeof text, format, v);
    return text;
}

// layout.hpp's knows no negative numbers: an excess may be one.
std::string value_text(double v) { return v < 0 ? '-' + number(-v) : v == 0 ? "0" : number(v); }

std::string rounds_text(series const& s) {
    std::string text;
    for (double const v : s.rounds) text += (text.empty() ? "" : " ") + value_text(v);
    return text;
}

std::string bar_text(row const& r) {
    switch (r.what) {
        case row::bar_of::none: return "-";
        case row::bar_of::ratio_at_most: return "<= " + plain("%.2f", r.bar) + " x";
        case row::bar_of::ratio_at_least: return ">= " + plain("%.2f", r.bar) + " x";
        case row::bar_of::value_at_most: return "<= " + plain("%g", r.bar);
    }
    return {};
}

}  // namespace

std::string to_markdown(report const& r) {
    std::string out = "# The audio engine's promise, " + r.when.day + ", context " + r.context + "\n\n" + r.where.cpu +
                      ", " + std::to_string(r.where.cores) + " cores; " + r.where.system + "; " + r.where.compiler +
                      "; " + r.when.time + " UTC, load " + plain("%.1f", r.where.load) + " at the start; " +
                      (r.session_nice == 0 ? "" : "session's nice " + std::to_string(r.session_nice) + "; ") +
                      std::to_string(r.rounds) + " rounds of alternating slices of " + plain("%g", r.seconds) + " s" +
                      (r.quick ? ", QUICK: short slices, no figures to keep" : "") + ".\n\n";
    out +=
        "48 kHz, blocks of 64 frames, 1.333 ms. A figure is the median of the rounds, of underruns and of missed "
        "blocks in 45,000 their sum; the ratio is of the two figures. *Excess*: lateness less that of the canary, a "
        "thread in SCHED_FIFO 90 that wakes on the same core 30 us before the audio thread is due to.\n\n";
    std::vector<std::vector<std::string>> lines{
        {"row", "case", "side", "figure", "beside", "figure", "unit", "ratio", "bar", "verdict"}};
    std::string rounds, others;
    for (auto const& m : r.all) {
        for (auto const& row : m.rows) {
            bool const done = row.measured(), both = done && row.beside;
            auto const ratio = row.ratio();
            lines.push_back({row.id, row.title, row.ours.name, done ? value_text(row.value(row.ours)) : "-",
                             row.beside ? row.beside->name : "-", both ? value_text(row.value(*row.beside)) : "-",
                             row.unit, ratio ? value_text(*ratio) : "-", bar_text(row), row.verdict()});
            std::string const head = "- " + row.id + ' ' + row.title + ": ";
            if (done)
                rounds += head + row.ours.name + ": " + rounds_text(row.ours) +
                          (both ? "; " + row.beside->name + ": " + rounds_text(*row.beside) : "") + '\n';
            else
                rounds += head + row.sentence + '\n';
        }
        others += "- " + m.name + ", " + m.title + ": others used " + plain("%.2f", m.meanwhile.others) + " cores, " +
                  plain("%.2f", m.meanwhile.stolen) + " were stolen\n";
    }
    out += laid_out(lines, {true, true, true, false, true, false, true, false, false, true});
    return out + "\nBeside it on the machine:\n\n" + others + "\nThe rounds:\n\n" + rounds;
}

}  // namespace hocket::bench
