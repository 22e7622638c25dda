// The histogram against a sorted list of the same values.
#include "stress/histogram.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <thread>
#include <vector>

#include "stress/random.hpp"

using hocket::stress::histogram;
using hocket::stress::mix;

static void compare(std::vector<std::int64_t> values) {
    auto const h = std::make_unique<histogram>();
    for (auto const v : values) h->record(v);
    std::sort(values.begin(), values.end());
    REQUIRE(h->count() == values.size());
    CHECK(h->max() == static_cast<std::uint64_t>(values.back()));
    for (double const share : {0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
        auto const rank =
            std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size()))));
        auto const exact = static_cast<double>(values[rank - 1]);
        auto const got = static_cast<double>(h->percentile(share));
        CAPTURE(share);
        CHECK(got >= exact);
        CHECK(got <= exact * (1 + 1.0 / 32));
    }
}

TEST_CASE("percentiles are at most 1/32 above the exact ones, at every size of value") {
    for (unsigned shift = 0; shift < 62; shift += 3) {
        std::vector<std::int64_t> values;
        for (std::uint64_t i = 0; i < 1000; ++i)
            values.push_back(static_cast<std::int64_t>(mix(i + shift) >> (63 - shift) >> 1));
        CAPTURE(shift);
        compare(values);
    }
}

TEST_CASE("small values are exact, and so is a single one") {
    compare({0, 1, 2, 3, 30, 31});
    compare({123'456'789});
    compare({INT64_MAX});
}

TEST_CASE("an empty histogram answers 0, a negative value counts as 0") {
    auto const h = std::make_unique<histogram>();
    CHECK(h->percentile(0.5) == 0);
    CHECK(h->max() == 0);
    h->record(-5);
    CHECK(h->count() == 1);
    CHECK(h->percentile(1) == 0);
}

TEST_CASE("threads lose no value") {
    auto const h = std::make_unique<histogram>();
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                for (int v = 1; v <= 10'000; ++v) h->record(v);
            });
    }
    CHECK(h->count() == 40'000);
    CHECK(h->max() == 10'000);
}
