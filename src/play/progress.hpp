// The one line that changes while a patch is rendered, on a terminal only.
#pragma once

#include <chrono>
#include <cstdint>

namespace play {

// How far a rendering is. Underruns are frames that a file did not deliver in time, xruns blocks that ended too late.
struct position {
    double seconds = 0;  // rendered
    double length = 0;   // seconds asked for
    double elapsed = 0;  // seconds since it began
    std::uint64_t underruns = 0;
    std::uint64_t xruns = 0;
};

class progress {
public:
    // Looks whether standard error is a terminal; if not, nothing is ever drawn.
    progress() noexcept;
    progress(progress const&) = delete;
    ~progress() { clear(); }

    // Redraws the line, if the last time is a tenth of a second ago. [one thread]
    void draw(position const& at) noexcept;

    // Takes it away, so that other output starts on a clean line. [one thread]
    void clear() noexcept;

private:
    bool const terminal_;
    bool drawn_ = false;
    std::chrono::steady_clock::time_point last_;
};

}  // namespace play
