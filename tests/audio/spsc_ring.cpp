// spsc_ring: all or nothing, in order, also around the corner and across threads.
#include <doctest/doctest.h>

#include <array>
#include <hocket/audio/spsc_ring.hpp>
#include <thread>
#include <vector>

using hocket::audio::spsc_ring;

TEST_CASE("a ring takes and gives whole spans or nothing") {
    spsc_ring<int> ring(4);
    CHECK(ring.capacity() == 4);
    std::array const three{1, 2, 3};
    CHECK(ring.write(three));
    CHECK_FALSE(ring.write(three));
    CHECK(ring.size() == 3);
    std::array<int, 4> four{};
    CHECK_FALSE(ring.read(four));
    std::array<int, 2> two{};
    CHECK(ring.read(two));
    CHECK(two == std::array{1, 2});
    CHECK(ring.write(three));  // around the corner
    CHECK(ring.read(four));
    CHECK(four == std::array{3, 1, 2, 3});
    CHECK(ring.size() == 0);
}

TEST_CASE("what one thread writes another reads, in order") {
    spsc_ring<unsigned> ring(64);
    constexpr unsigned total = 200000;
    std::jthread writer([&] {
        std::vector<unsigned> part;
        for (unsigned next = 0; next < total;) {
            part.clear();
            for (unsigned n = next % 7 + 1; n > 0 && next + part.size() < total; --n)
                part.push_back(next + static_cast<unsigned>(part.size()));
            while (!ring.write(part)) std::this_thread::yield();
            next += static_cast<unsigned>(part.size());
        }
    });
    unsigned expected = 0, wrong = 0;
    std::array<unsigned, 4> part{};
    while (expected < total) {
        if (!ring.read(part)) {
            std::this_thread::yield();
            continue;
        }
        for (unsigned const x : part) wrong += x != expected++;
    }
    CHECK(wrong == 0);
}
