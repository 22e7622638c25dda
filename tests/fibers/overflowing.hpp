// What a child does that is to end by a fault, and what is read in its last words.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <hocket/runtime.hpp>
#include <hocket/this_fiber.hpp>
#include <string>
#include <string_view>

#include "child.hpp"

// Writes what it hears to stderr, as the report is.
inline void log_to_stderr(hocket::log_level level, std::string_view line) {
    if (level == hocket::log_level::error)
        fprintf(stderr, "logged: %.*s\n", static_cast<int>(line.size()), line.data());
}

inline hocket::runtime_options small(unsigned workers = 2) {
    return {.workers = workers, .blocking_workers = 1, .logger = &log_to_stderr};
}

// Uses some `bytes` of stack for each level, of which it touches the lowest only. Ends by itself after 64 MiB.
template <std::size_t bytes = 500>
__attribute__((noinline)) std::size_t descend(std::size_t levels = (64u << 20) / bytes, void (*at_each)() = nullptr) {
    char frame[bytes];
    frame[0] = 1;
    asm volatile("" : : "r"(frame) : "memory");  // all of it has to be there
    if (at_each != nullptr) at_each();
    std::size_t const below = levels == 0 ? 0 : descend<bytes>(levels - 1, at_each);
    return below + static_cast<std::size_t>(frame[0]);
}
inline void overflow() { static_cast<void>(descend()); }

inline void park() { hocket::this_fiber::sleep_for(std::chrono::seconds(60)); }

inline bool says(child_end const& end, std::string const& words) { return end.text.find(words) != std::string::npos; }

// UndefinedBehaviorSanitizer would tell of it, too.
__attribute__((no_sanitize("undefined"))) inline void touch_nothing() {
    int volatile* volatile nowhere = nullptr;
    *nowhere = 1;
}
