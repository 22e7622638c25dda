// Lines, columns, units.
#include "table.hpp"

#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace play {

std::string to_columns(std::vector<std::vector<std::string>> const& rows) {
    std::vector<std::size_t> width;
    for (auto const& row : rows) {
        if (row.size() == 1) continue;  // a sentence
        width.resize(std::max(width.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
    }
    std::string out;
    for (auto const& row : rows) {
        out += row[0];
        for (std::size_t i = 1; i < row.size(); ++i) {
            if (i == 1) out.append(width[0] - row[0].size(), ' ');
            out.append(2 + width[i] - row[i].size(), ' ');
            out += row[i];
        }
        out += '\n';
    }
    return out;
}

static std::string fixed(double value, int decimals) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", decimals, value);
    return text;
}

static std::string milliseconds(std::chrono::nanoseconds t) {
    return fixed(static_cast<double>(t.count()) / 1e6, 3) + " ms";
}

static std::string hexadecimal(std::uint64_t value) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
    return text;
}

std::string to_table(options const& o, report const& r) {
    std::string out = (o.patch.empty() ? o.in : o.patch) + " -> " + (o.out.empty() ? o.driver->name : o.out) + '\n';
    auto const line = [&](std::string name, std::string const& value) {
        name.resize(13, ' ');
        out += "  " + name + value + '\n';
    };
    if (!o.patch.empty() && !o.in.empty()) line("input", o.in);
    line("driver", o.driver->name + std::string(r.clock && r.clock->realtime ? " (in a real-time class)" : ""));
    line("context", r.context);
    line("frames", std::to_string(r.frames));
    if (r.signal != 0)
        line("ended by",
             std::string(r.signal == SIGINT ? "SIGINT" : "SIGTERM") + ", of " + std::to_string(r.asked) + " frames");
    line("seconds", fixed(r.seconds(), 3));
    line("channels", std::to_string(r.channels) + " at " + std::to_string(r.sample_rate) + " Hz");
    line("took", fixed(r.elapsed, 3) + " s, " + fixed(r.speed(), 2) + " x real time");
    line("blocks", std::to_string(r.engine.blocks));
    line("load", fixed(100 * r.engine.load, 2) + " %, in one block " + fixed(100 * r.engine.highest_load, 2) + " %");
    line("underruns", std::to_string(r.underruns));
    if (r.clock) {
        line("late blocks", std::to_string(r.clock->late) + " of " + std::to_string(r.clock->blocks));
        if (o.driver->device) line("xruns", std::to_string(r.clock->xruns));
        line("worst block", fixed(static_cast<double>(r.clock->worst_ns) / 1e6, 3) + " ms");
    }
    line("checksum", hexadecimal(r.checksum));
    line("async calls", std::to_string(r.engine.async_calls));
    line("failures", std::to_string(r.engine.async_failures));
    if (r.rt) {
        line("rt-check", r.rt->count == 0 ? "clean" : std::to_string(r.rt->count) + " violations");
        std::string unseen;
        for (auto const& [seen, what] : {std::pair(r.rt->sight.system_calls, "system calls"),
                                         {r.rt->sight.allocations, "allocations"},
                                         {r.rt->sight.locks, "locks"}})
            if (!seen) unseen += (unseen.empty() ? "" : ", ") + std::string(what);
        if (!unseen.empty()) line("not watched", unseen);
        for (auto const& v : r.rt->violations) {
            out += "    " + std::to_string(v.count) + " x " + v.what + '\n';
            for (std::string const& frame : v.backtrace) out += "        " + frame + '\n';
        }
    }
    if (!r.engine.modules.empty()) {
        std::vector<std::vector<std::string>> rows{{"module", "load"}};
        for (auto const& m : r.engine.modules) rows.push_back({m.name, fixed(100 * m.load, 3) + " %"});
        out += '\n' + to_columns(rows);
    }
    if (r.engine.async_threads.empty()) return out;

    std::vector<std::vector<std::string>> rows{
        {"AsyncThread", "calls", "failures", "overruns", "run", "longest", "period", "longest", "state"}};
    for (auto const& t : r.engine.async_threads)
        rows.push_back({t.name, std::to_string(t.calls), std::to_string(t.failures), std::to_string(t.overruns),
                        milliseconds(t.run), milliseconds(t.longest_run), milliseconds(t.mean_period),
                        milliseconds(t.longest_period), t.enabled ? "started" : "stopped"});
    return out + '\n' + to_columns(rows);
}

}  // namespace play
