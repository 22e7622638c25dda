#include <doctest/doctest.h>

#include <random>
#include <set>

#include "alloc/slot_set.hpp"

using namespace hocket::detail;

TEST_CASE("slot_set: the lowest and the highest, as a std::set has them") {
    constexpr std::size_t limit = 1000;
    slot_set ours(limit);
    std::set<std::size_t> theirs;
    std::mt19937 random(1);
    for (int i = 0; i < 100'000; ++i) {
        std::size_t const n = random() % limit;
        if (theirs.insert(n).second) ours.insert(n);
        while (theirs.size() > 300 + random() % 600 || (random() % 64 == 0 && !theirs.empty())) {
            bool const low = random() % 2 == 0;
            std::size_t const want = low ? *theirs.begin() : *theirs.rbegin();
            REQUIRE((low ? ours.take_lowest() : ours.take_highest()) == want);
            theirs.erase(want);
        }
        REQUIRE(ours.size() == theirs.size());
        REQUIRE(ours.contains(n) == theirs.contains(n));
    }
    while (!theirs.empty()) {
        REQUIRE(ours.take_highest() == *theirs.rbegin());
        theirs.erase(std::prev(theirs.end()));
    }
    CHECK(ours.size() == 0);
}

TEST_CASE("slot_set: the bits at the edges of words") {
    slot_set s(129);
    for (std::size_t const n : {0, 63, 64, 127, 128}) {
        s.insert(n);
        CHECK(s.contains(n));
        CHECK(s.take_lowest() == n);
        s.insert(n);
        CHECK(s.take_highest() == n);
        CHECK_FALSE(s.contains(n));
    }
}
