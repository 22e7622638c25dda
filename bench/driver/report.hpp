// A whole run.
#pragma once

#include <string>
#include <vector>

#include "machine.hpp"
#include "outcome.hpp"

namespace hocket::bench {

struct report {
    machine where;
    date when;
    std::string context;  // native or boost
    unsigned rounds = 0;
    bool quick = false;
    std::vector<row_outcome> rows;
};

}  // namespace hocket::bench
