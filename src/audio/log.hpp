// The audio library's log lines: to the process-wide spdlog logger. Never called by the audio thread.
#pragma once

#include <exception>
#include <hocket/detail/config.hpp>
#include <string>

namespace hocket::inline HOCKET_ABI::audio::detail {

// [any thread but audio]
void log_error(std::string const& line) noexcept;
void log_warning(std::string const& line) noexcept;
void log_debug(std::string const& line) noexcept;

// For what builds lines where nothing may throw: without memory there is no line. [any thread but audio]
template <class F>
void say(F&& f) noexcept {
    try {
        f();
    } catch (std::exception const&) {
    }
}

}  // namespace hocket::inline HOCKET_ABI::audio::detail
