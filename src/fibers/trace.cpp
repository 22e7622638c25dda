// Log lines through spdlog.
#include "fibers/trace.hpp"

#include <spdlog/spdlog.h>

namespace hocket::inline HOCKET_ABI::detail {

void log_to_spdlog(log_level level, std::string_view line) {
    switch (level) {
        case log_level::debug: spdlog::debug("hocket: {}", line); break;
        case log_level::info: spdlog::info("hocket: {}", line); break;
        case log_level::warning: spdlog::warn("hocket: {}", line); break;
        case log_level::error: spdlog::error("hocket: {}", line); break;
    }
}

}  // namespace hocket::inline HOCKET_ABI::detail
