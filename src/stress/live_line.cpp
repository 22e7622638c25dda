// Drawing with a carriage return and "erase to the end of the line".
#include "stress/live_line.hpp"

#include <unistd.h>

#include <cstdio>

#include "stress/table.hpp"

namespace hocket::stress {

live_line::live_line() noexcept : terminal_(isatty(STDERR_FILENO) == 1) {}

void live_line::draw(std::string_view scenario, std::size_t number, std::size_t of, double seconds, std::uint64_t ops) {
    if (!terminal_) return;
    std::string const rate = seconds > 0 ? rate_text(static_cast<double>(ops) / seconds) : "-";
    std::fprintf(stderr, "\r[%zu/%zu] %.*s  %.1f s  %llu ops  %s ops/s\033[K", number, of,
                 static_cast<int>(scenario.size()), scenario.data(), seconds, static_cast<unsigned long long>(ops),
                 rate.c_str());
    std::fflush(stderr);
    drawn_ = true;
}

void live_line::clear() {
    if (!drawn_) return;
    std::fputs("\r\033[K", stderr);
    std::fflush(stderr);
    drawn_ = false;
}

}  // namespace hocket::stress
