// The one line that changes while a campaign runs, on a terminal only.
#pragma once

#include <cstdint>
#include <string_view>

namespace hocket::stress {

class live_line {
public:
    // Looks whether standard error is a terminal; if not, nothing is ever drawn.
    live_line() noexcept;

    // Redraws it: which scenario of how many, seconds since it began, units of work so far. [one thread]
    void draw(std::string_view scenario, std::size_t number, std::size_t of, double seconds, std::uint64_t ops);

    // Takes it away, so that other output starts on a clean line. [one thread]
    void clear();

private:
    bool terminal_;
    bool drawn_ = false;
};

}  // namespace hocket::stress
