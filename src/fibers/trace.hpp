// Where the runtime's lines go when the user gives no logger.
#pragma once

#include <hocket/runtime.hpp>
#include <iosfwd>
#include <string_view>
#include <vector>

namespace hocket::inline HOCKET_ABI::detail {

class scheduler;

// To spdlog's default logger. [any thread but the audio thread]
void log_to_spdlog(log_level level, std::string_view line);

// One line for each live task. [any thread]
void dump_tasks(scheduler const& s, std::ostream& out);

// Every live task. Throws std::bad_alloc. [any thread]
std::vector<survivor> list_tasks(scheduler const& s);

}  // namespace hocket::inline HOCKET_ABI::detail
