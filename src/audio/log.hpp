// The audio library's log lines: to the process-wide spdlog logger. Never called by the audio thread.
#pragma once

#include <hocket/detail/config.hpp>
#include <string>

namespace hocket::inline HOCKET_ABI::audio::detail {

// [any thread but audio]
void log_error(std::string const& line) noexcept;
void log_warning(std::string const& line) noexcept;
void log_debug(std::string const& line) noexcept;

}  // namespace hocket::inline HOCKET_ABI::audio::detail
