// A row under way: its sides' processes and the interleaved rounds.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include "outcome.hpp"

namespace hocket::bench {

struct session_options {
    std::filesystem::path programs;  // the folder of the sides
    unsigned rounds = 8;
    bool quick = false;
    std::chrono::seconds patience{120};  // for one sample
    bool boost_context = false;  // ours runs on the Boost.Context backend
    std::function<void(std::string const&)> progress{};
};

// Measures all sides of `r` in turn, round by round. A side that fails is out of the row; the others go on.
row_outcome measure(row const& r, session_options const& o);

}  // namespace hocket::bench
