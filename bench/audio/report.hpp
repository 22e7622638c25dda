// A whole run.
#pragma once

#include <string>
#include <vector>

#include "figures.hpp"
#include "machine.hpp"
#include "surroundings.hpp"

namespace hocket::bench {

struct measured {
    std::string name, title;
    surroundings::use meanwhile;
    std::vector<row> rows;
};

struct report {
    machine where;
    int session_nice = 0;
    date when;
    std::string context;  // native or boost
    double seconds = 0;
    unsigned rounds = 0;
    bool quick = false;
    std::vector<measured> all;
};

std::string to_markdown(report const& r);

// {schema: "hocket-bench-audio/1", date, machine: {...}, session_nice, context, seconds, rounds, quick, measures:
// [{name, title, others_cores, stolen_cores, rows: [{id, case, unit, ours: {name, value, rounds}, beside, figure,
// ratio, bar, bar_of, verdict}]}]}; null what was not measured, and where there is no bar.
std::string to_json(report const& r);

}  // namespace hocket::bench
