// Reads in a runtime's dump what its fibers wait for.
#pragma once

#include <cstddef>
#include <hocket/runtime.hpp>
#include <hocket/this_fiber.hpp>
#include <sstream>
#include <string>
#include <string_view>

// How many lines of the dump say so. [any thread]
inline std::size_t count_dumped(hocket::runtime const& rt, std::string_view words) {
    std::ostringstream out;
    rt.dump(out);
    std::string const all = out.str();
    std::size_t n = 0;
    for (std::size_t at = all.find(words); at != std::string::npos; at = all.find(words, at + 1)) ++n;
    return n;
}

// Yields until n lines say so. [fiber]
inline void wait_until_dumped(hocket::runtime const& rt, std::size_t n, std::string_view words) {
    while (count_dumped(rt, words) != n) hocket::this_fiber::sleep_for(std::chrono::microseconds(100));
}
