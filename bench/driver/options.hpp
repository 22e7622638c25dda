// The command line.
#pragma once

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "rows.hpp"

namespace hocket::bench {

struct request {
    std::vector<row const*> chosen;
    std::string json;     // the report goes here too; empty: nowhere
    std::string results;  // folder for dated results; empty: none are kept
    bool boost_context = false;
    unsigned rounds = 8;
    unsigned patience = 120;  // seconds that a side may take for one sample
    bool quick = false;
    bool scaling = false;  // the speed-up table instead of rows
    std::optional<std::string> print{};  // nothing is run, this is printed
};

class usage_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Throws usage_error with one sentence.
request parse(int argc, char const* const* argv);

}  // namespace hocket::bench
