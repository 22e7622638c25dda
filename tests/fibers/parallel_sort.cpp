// parallel_sort.
#include <hocket/parallel.hpp>
#include <hocket/testing.hpp>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "seed.hpp"

namespace {

// Some shapes that sorts are known to stumble over.
std::vector<int> shape(int which, std::size_t n, std::uint64_t seed) {
    random_stream random(seed, n);
    std::vector<int> v(n);
    int const count = static_cast<int>(n);
    for (int i = 0; i < count; ++i) {
        int& x = v[static_cast<std::size_t>(i)];
        switch (which) {
            case 0: x = static_cast<int>(random.below(UINT64_MAX)); break;
            case 1: x = i; break;                                         // sorted
            case 2: x = -i; break;                                        // backwards
            case 3: x = 4; break;                                         // all equal
            case 4: x = static_cast<int>(random.below(3)); break;         // few values
            case 5: x = std::min(i, count - i); break;                    // up and down
            case 6: x = i % 1000; break;                                  // a saw
            case 7: x = i < count - 5 ? i : static_cast<int>(random.below(n)); break;  // a few appended
            case 8: x = static_cast<int>(random.below(n / 2 + 1)) & ~1; break;         // pairs
            default: x = i % 2 == 0 ? i : count - i; break;               // interleaved
        }
    }
    return v;
}
constexpr int shapes = 10;

// The same for two lists of the same elements in any order. (std::sort would need more than a fiber's stack when it is
// compiled for a sanitizer.)
template <class List>
std::uint64_t contents(List const& list) {
    std::uint64_t sum = 0;
    for (auto const& x : list) {
        std::uint64_t const h = (std::hash<std::decay_t<decltype(x)>>{}(x) + 1) * 0x9E3779B97F4A7C15u;
        sum += (h ^ h >> 32) * 0xBF58476D1CE4E5B9u;
    }
    return sum;
}

void check_shapes(std::uint64_t seed) {
    // 40 000 and 200 000: large enough for partitions in blocks.
    for (std::size_t const n : {0, 1, 2, 3, 511, 512, 513, 3000, 40'000, 200'000})
        for (int which = 0; which < shapes; ++which) {
            CAPTURE(n);
            CAPTURE(which);
            std::vector<int> const given = shape(which, n, seed);
            std::vector<int> up = given, down = given;
            hocket::parallel_sort(up.begin(), up.end());
            CHECK(std::is_sorted(up.begin(), up.end()));
            CHECK(contents(up) == contents(given));
            hocket::parallel_sort(down.data(), down.data() + n, std::greater<>());
            CHECK(std::equal(down.begin(), down.end(), up.rbegin(), up.rend()));
        }
}

// Decides what is less only when it is asked, so that every pivot is as bad as can be.
// Source: McIlroy, A killer adversary for quicksort (1999).
class adversary {
public:
    explicit adversary(std::size_t n) : value_(n, gas) {}
    bool operator()(std::size_t a, std::size_t b) {
        ++comparisons;
        if (value_[a] == gas && value_[b] == gas) value_[a == candidate_ ? a : b] = solid_++;
        if (value_[a] == gas)
            candidate_ = a;
        else if (value_[b] == gas)
            candidate_ = b;
        return value_[a] < value_[b];
    }
    std::uint64_t comparisons = 0;

private:
    static constexpr std::size_t gas = SIZE_MAX;
    std::vector<std::size_t> value_;
    std::size_t candidate_ = 0, solid_ = 0;
};

}  // namespace

FIBER_TEST_CASE("parallel_sort: every shape and size", .workers = {1, 4}) { check_shapes(test_seed("parallel_sort")); }
TEST_CASE("parallel_sort: the same on a plain thread") { check_shapes(1); }

FIBER_TEST_CASE("parallel_sort: strings, owners, deques, an empty and a reversed range", .workers = {1, 4}) {
    std::vector<int> const numbers = shape(0, 50'000, 5);
    std::deque<std::string> words;
    for (int const n : numbers) words.push_back("a word long enough to be on the heap " + std::to_string(n));
    std::uint64_t const had = contents(words);
    hocket::parallel_sort(words.end(), words.begin());
    CHECK(words[0].ends_with(std::to_string(numbers[0])));
    hocket::parallel_sort(words.begin(), words.end());
    CHECK(std::is_sorted(words.begin(), words.end()));
    CHECK(contents(words) == had);
    hocket::parallel_sort(words.rbegin(), words.rend());
    CHECK(std::is_sorted(words.rbegin(), words.rend()));
    CHECK(contents(words) == had);

    std::vector<std::unique_ptr<int>> owners;
    for (int const n : numbers) owners.push_back(std::make_unique<int>(n));
    auto const less = [](auto const& a, auto const& b) { return *a < *b; };
    hocket::parallel_sort(owners.begin(), owners.end(), less);
    CHECK(std::is_sorted(owners.begin(), owners.end(), less));
    CHECK(std::all_of(owners.begin(), owners.end(), [](auto const& p) { return p != nullptr; }));
}

FIBER_TEST_CASE("parallel_sort: a comparison that counts, is not copied, and suspends", .workers = {1, 4}) {
    struct comparison {
        std::atomic<std::uint64_t> calls{0};
        comparison() = default;
        comparison(comparison const&) = delete;
        bool operator()(int a, int b) {
            if (++calls % 500 == 0) hocket::this_fiber::yield();
            return a < b;
        }
    };
    comparison by_value;
    std::vector<int> v = shape(0, 60'000, 9);
    hocket::parallel_sort(v.begin(), v.end(), by_value);
    CHECK(std::is_sorted(v.begin(), v.end()));
    CHECK(by_value.calls < 60'000u * 16 * 2);  // log2 n is 16
}

// On a plain thread, because the adversary remembers.
TEST_CASE("parallel_sort: n log n comparisons whatever the input") {
    for (std::size_t const n : {2'000, 20'000, 100'000}) {
        CAPTURE(n);
        adversary against(n);
        std::vector<std::size_t> v(n);
        std::iota(v.begin(), v.end(), 0);
        hocket::parallel_sort(v.begin(), v.end(), std::ref(against));
        std::uint64_t const comparisons = against.comparisons;
        CHECK(comparisons < 8 * n * std::bit_width(n));  // quadratic: n * n / 16
        CHECK(std::is_sorted(v.begin(), v.end(), std::ref(against)));
    }
}

TEST_CASE("parallel_sort: many equals make little work") {
    constexpr std::size_t n = 100'000;
    for (std::uint64_t const values : {1, 2, 5}) {
        CAPTURE(values);
        random_stream random(7, values);
        std::vector<std::uint64_t> v(n);
        for (auto& x : v) x = random.below(values);
        std::uint64_t comparisons = 0;
        hocket::parallel_sort(v.begin(), v.end(), [&](std::uint64_t a, std::uint64_t b) {
            ++comparisons;
            return a < b;
        });
        CHECK(comparisons < 2 * n * (values + 1));
        CHECK(std::is_sorted(v.begin(), v.end()));
    }
}

FIBER_TEST_CASE("parallel_sort: a comparison that throws", .workers = {1, 4}) {
    for (std::size_t const n : {100, 5'000, 100'000}) {
        std::vector<int> const numbers = shape(0, n, 3);
        std::vector<std::string> words;
        for (int const x : numbers) words.push_back("a word long enough to be on the heap " + std::to_string(x));
        for (std::uint64_t const last : {std::uint64_t{1}, n / 2, 3 * n}) {
            CAPTURE(n);
            CAPTURE(last);
            std::vector<std::string> spoilt = words;
            std::atomic<std::uint64_t> calls{0};
            CHECK_THROWS_WITH_AS(hocket::parallel_sort(spoilt.begin(), spoilt.end(),
                                                       [&](std::string const& a, std::string const& b) {
                                                           if (++calls >= last) throw std::domain_error("no more");
                                                           return a < b;
                                                       }),
                                 "no more", std::domain_error);
            // Whatever is there can be sorted.
            hocket::parallel_sort(spoilt.begin(), spoilt.end());
            CHECK(std::is_sorted(spoilt.begin(), spoilt.end()));
        }
    }
}

FIBER_TEST_CASE("parallel_sort: many at once, from within a loop", .workers = {1, 4}) {
    std::vector<std::vector<int>> lists;
    for (int i = 0; i < 40; ++i) lists.push_back(shape(i % shapes, 3'000, static_cast<std::uint64_t>(i)));
    hocket::parallel_for(lists.begin(), lists.end(), 1, [](auto& list) {
        hocket::parallel_sort(list.begin(), list.end(), [](int a, int b) {
            if (a % 512 == 0 && b % 64 == 0) hocket::this_fiber::yield();
            return a < b;
        });
    });
    for (auto const& list : lists) CHECK(std::is_sorted(list.begin(), list.end()));
}
