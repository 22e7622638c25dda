// The seed of a randomised test: HOCKET_SEED, or the clock's.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

// Prints it, so that a failure can be repeated.
inline std::uint64_t test_seed(char const* test) {
    char const* const given = std::getenv("HOCKET_SEED");
    std::uint64_t const seed =
        given != nullptr ? std::strtoull(given, nullptr, 10)
                         : static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    std::printf("%s: HOCKET_SEED=%llu repeats it\n", test, static_cast<unsigned long long>(seed));
    std::fflush(stdout);
    return seed;
}

// A random stream, one for each fiber or thread that draws.
class random_stream {
public:
    random_stream(std::uint64_t seed, std::uint64_t who) : engine_(seed * 0x9E3779B97F4A7C15u + who) {}
    // A number in [0, n).
    std::uint64_t below(std::uint64_t n) { return engine_() % n; }

private:
    std::mt19937_64 engine_;
};
