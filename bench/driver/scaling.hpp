// The speed-up table: the same work on 1, 2, 4, 8 and 16 workers, as many of them as there are cores.
//
// A point is a row like any other: one amount of work, so many workers, ours and perhaps a rival in interleaved rounds.
// Threads stand where the system puts them, as in a user's program.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report.hpp"
#include "rows.hpp"

namespace hocket::bench {

// The rows to be measured on a machine with so many cores.
std::vector<row> scaling_rows(unsigned cores);

// One side on so many workers. Null what was not measured.
struct scaling_point {
    std::string of, side;
    unsigned workers;
    std::optional<double> ns, median;  // wall time for one operation: the best round
    std::optional<double> per_second;  // operations, of all workers
    std::optional<double> speed_up;    // against the same side on one worker
    std::optional<double> cores;       // that it had: CPU time / wall time
    std::string sentence;              // why it was not measured
};
std::vector<scaling_point> scaling_points(report const& r);

// The report on what scaling_rows() gave.
std::string scaling_to_markdown(report const& r);

}  // namespace hocket::bench
