// The rows: what is compared with what, and the bars it is held to.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::bench {

// A number of a case, in full and in a quick run.
struct amount {
    std::uint64_t full, quick;
    constexpr amount(std::uint64_t both) : full(both), quick(both) {}
    constexpr amount(std::uint64_t f, std::uint64_t q) : full(f), quick(q) {}
};
using amounts = std::map<std::string, amount, std::less<>>;
using numbers = std::map<std::string, std::uint64_t, std::less<>>;

// Who does it: the program of one contender and the case in it.
struct side {
    std::string name;     // in the table
    std::string program;  // hocket-bench-...
    std::string case_name;
    amounts how_much{};   // on top of the row's
    bool fresh = false;   // a process for each sample: first-time costs are part of the work, or it can do it only once
};

// What of a sample is compared.
enum class figure : unsigned char {
    cpu,      // CPU time for one operation
    wall,     // wall time for one operation
    cpu_whole,   // CPU time, wall time, for all of a sample
    wall_whole,
    p50,      // the median of the operations' latencies
    p99,
    cpu_share,  // CPU time in a second of wall time
    bytes,      // of memory for one operation
    reached,    // the number of operations: more is better
};

struct bars {  // of ours / rival, where more is better of rival / ours; at most
    double must, goal;
};

struct rival {
    side who;                      // program is empty where the rival is a limit
    std::optional<bars> bar{};     // none: for information
    double limit = 0;              // in the row's unit
};

struct row {
    std::string id;          // of TARGETS
    std::string group;
    std::string title;
    figure what;
    std::string unit;        // ns, us or ms; B; what is counted
    amounts how_much;        // for all sides
    // The checksum that `n` must lead to, and how much may lack.
    std::uint64_t (*checksum)(numbers const& n);
    double slack = 0;        // part of the checksum
    side ours;
    std::vector<rival> rivals;
    bool exempt_on_boost = false;  // its bars hold for the native backend only
    unsigned most_rounds = 1000;   // fewer than asked for where a figure is dear and does not waver
};

std::vector<row> const& rows();

// The work of `scaling.hpp` on so many workers; each goes into a row of its own.
std::vector<row> rows_on(unsigned workers);

// Those of that id or group, in their order; empty when there are none.
std::vector<row const*> rows_named(std::string_view id_or_group);

// All ids and groups, for messages.
std::string row_names();

}  // namespace hocket::bench
