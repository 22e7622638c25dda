// Log lines by way of spdlog.
#include "audio/log.hpp"

#include <spdlog/spdlog.h>

namespace hocket::inline HOCKET_ABI::audio::detail {

// spdlog reports its own failures to its error handler and throws nothing.
void log_error(std::string const& line) noexcept { spdlog::error("hocket-audio: {}", line); }
void log_warning(std::string const& line) noexcept { spdlog::warn("hocket-audio: {}", line); }
void log_debug(std::string const& line) noexcept { spdlog::debug("hocket-audio: {}", line); }

}  // namespace hocket::inline HOCKET_ABI::audio::detail
