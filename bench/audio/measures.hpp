// What is measured; each is some rows. Slices of what is compared alternate, so that both see the same neighbours.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "figures.hpp"

namespace hocket::bench {

struct measure_options {
    double seconds = 10;  // of a slice
    unsigned rounds = 6;  // slices of each kind
    std::function<void(std::string const&)> progress = [](std::string const&) {};
};

struct measure {
    std::string name;
    std::string title;
    // Rows without figures, in their order.
    std::vector<row> (*rows)();
    // Fills them in. Throws unable.
    void (*take)(measure_options const& o, std::vector<row>& rows);
};

// In the order of the table.
std::vector<measure> const& measures();

extern measure const realtime, ordinary, streaming, neighbours;

}  // namespace hocket::bench
