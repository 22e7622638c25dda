// The report as JSON, schema "hocket-play/1".
#pragma once

#include <string>

#include "options.hpp"
#include "report.hpp"

namespace play {

// The README tells what is in it.
std::string to_json(options const& o, report const& r);

}  // namespace play
