// Drawing with a carriage return and "erase to the end of the line".
#include "progress.hpp"

#include <unistd.h>

#include <cinttypes>
#include <cstdio>

namespace play {

progress::progress() noexcept : terminal_(isatty(STDERR_FILENO) == 1) {}

void progress::draw(position const& at) noexcept {
    auto const now = std::chrono::steady_clock::now();
    if (!terminal_ || (drawn_ && now - last_ < std::chrono::milliseconds(100))) return;
    std::fprintf(stderr, "\r%.1f of %.1f s  %.2f x real time  %" PRIu64 " underruns  %" PRIu64 " xruns\033[K",
                 at.seconds, at.length, at.elapsed > 0 ? at.seconds / at.elapsed : 0, at.underruns, at.xruns);
    std::fflush(stderr);
    drawn_ = true;
    last_ = now;
}

void progress::clear() noexcept {
    if (!drawn_) return;
    std::fputs("\r\033[K", stderr);
    std::fflush(stderr);
    drawn_ = false;
}

}  // namespace play
