// The command line.
#pragma once

#include <stdexcept>
#include <string>
#include <variant>

#include "stress/settings.hpp"

namespace hocket::stress {

// The command line makes no sense; what() is one sentence for the user.
class usage_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct print {  // nothing is run, this is printed
    std::string text;
};

// Reads it. Throws usage_error.
std::variant<settings, print> parse(int argc, char const* const* argv);

}  // namespace hocket::stress
