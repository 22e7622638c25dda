// The command line of hocket-bench-audio.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "measures.hpp"

namespace hocket::bench {

struct request {
    std::vector<measure const*> chosen;
    std::string json;     // the report goes here too; empty: nowhere
    std::string results;  // folder for dated results; empty: none are kept
    bool boost_context = false;
    double seconds = 10;
    unsigned rounds = 6;
    bool quick = false;
    std::optional<std::string> print{};  // nothing is run, this is printed
};

class usage_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Throws usage_error with one sentence.
request parse(int argc, char const* const* argv);

}  // namespace hocket::bench
