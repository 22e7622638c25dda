// parallel_for and parallel_reduce. parallel_sort is in parallel_sort.cpp, what throws in parallel_failure.cpp.
#include <hocket/parallel.hpp>
#include <hocket/testing.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <deque>
#include <functional>
#include <hocket/channel.hpp>
#include <hocket/fiber.hpp>
#include <hocket/go.hpp>
#include <hocket/mutex.hpp>
#include <hocket/semaphore.hpp>
#include <limits>
#include <memory>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "clean.hpp"
#include "seed.hpp"

using namespace std::chrono_literals;

namespace {

// That each of [first, last) is visited once. `grain` 0: none is given.
template <class I>
void check_visits(I first, I last, std::uint64_t grain) {
    std::uint64_t const count = first < last ? static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first) : 0;
    CAPTURE(+first);
    CAPTURE(+last);
    CAPTURE(grain);
    std::vector<std::atomic<int>> visits(count);
    auto const visit = [&](I i) {
        std::uint64_t const at = static_cast<std::uint64_t>(i) - static_cast<std::uint64_t>(first);
        if (at < count) visits[at].fetch_add(1);
    };
    if (grain == 0)
        hocket::parallel_for(first, last, visit);
    else
        hocket::parallel_for(first, last, grain, visit);
    std::uint64_t wrong = 0;
    for (auto const& v : visits) wrong += v.load() != 1;
    CHECK(wrong == 0);
}

template <class I>
void check_type() {
    constexpr I least = std::numeric_limits<I>::min(), most = std::numeric_limits<I>::max();
    for (std::uint64_t const grain : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{7}, UINT64_MAX}) {
        check_visits<I>(least, static_cast<I>(least + 100), grain);
        check_visits<I>(static_cast<I>(most - 100), most, grain);
        check_visits<I>(most, least, grain);  // reversed
        check_visits<I>(most, most, grain);
        if constexpr (sizeof(I) == 1) check_visits<I>(least, most, grain);
    }
}

void check_all_visits() {
    for (int const n : {0, 1, 2, 3, 255, 256, 257, 511, 513, 1000})
        for (std::uint64_t const grain : {0, 1, 2, 3, 100, 1000, 100000}) check_visits(-3, n - 3, grain);
    check_type<std::int8_t>();
    check_type<std::uint8_t>();
    check_type<char>();
    check_type<std::int16_t>();
    check_type<std::int32_t>();
    check_type<std::uint32_t>();
    check_type<std::int64_t>();
    check_type<std::uint64_t>();
}

// The letters of the numbers [0, n), in order.
std::string digits(int n) {
    std::string s;
    for (int i = 0; i < n; ++i) s += std::to_string(i);
    return s;
}
std::string const& joined(std::string& a, std::string const& b) { return a += b; }

void check_reductions() {
    for (int const n : {0, 1, 2, 3, 100, 255, 256, 257, 1000})
        for (int const grain : {0, 1, 2, 3, 7, 100, 100000}) {
            CAPTURE(n);
            CAPTURE(grain);
            auto const to_string = [](int i) { return std::to_string(i); };
            // Associative, not commutative, and the initial value is no identity.
            auto const join = [](std::string a, std::string const& b) { return joined(a, b); };
            std::string const s =
                grain == 0 ? hocket::parallel_reduce(0, n, std::string("<"), join, to_string)
                           : hocket::parallel_reduce(0, n, grain, std::string("<"), join, to_string);
            CHECK(s == "<" + digits(n));
        }
}

// A sum that depends on how it is bracketed.
double uneven_sum(int n) {
    return hocket::parallel_reduce(0, n, 0.0, std::plus<>(), [](int i) { return std::sin(i) / (1 + i % 97); });
}

}  // namespace

FIBER_TEST_CASE("parallel_for: each of any range of any type once", .workers = {1, 4}) { check_all_visits(); }
TEST_CASE("parallel_for: the same on a plain thread") { check_all_visits(); }

TEST_CASE("parallel_for: on a plain thread it is a loop") {
    std::vector<int> seen;
    hocket::parallel_for(0, 1000, 3, [&](int i) { seen.push_back(i); });
    std::vector<int> wanted(1000);
    std::iota(wanted.begin(), wanted.end(), 0);
    CHECK(seen == wanted);
}

FIBER_TEST_CASE("parallel_for: iterators", .workers = {1, 4}) {
    std::vector<int> v(1000, 1);
    hocket::parallel_for(v.begin(), v.end(), [](int& x) { x += 1; });
    hocket::parallel_for(v.data(), v.data() + v.size(), 10, [](int& x) { x *= 3; });
    CHECK(v == std::vector<int>(1000, 6));
    std::atomic<int> sum{0};
    hocket::parallel_for(v.crbegin(), v.crend(), 64, [&](int const& x) { sum += x; });
    CHECK(sum == 6000);
    hocket::parallel_for(v.end(), v.begin(), [](int& x) { x = 0; });  // reversed
    CHECK(v[500] == 6);

    std::deque<std::unique_ptr<int>> owners(300);
    hocket::parallel_for(owners.begin(), owners.end(), [](auto& p) { p = std::make_unique<int>(7); });
    CHECK(hocket::parallel_reduce(owners.begin(), owners.end(), 0, std::plus<>(), [](auto& p) { return *p; }) == 2100);

    std::deque<int> numbers(100);
    std::iota(numbers.begin(), numbers.end(), 0);
    CHECK(hocket::parallel_reduce(numbers.begin(), numbers.end(), 3, 0, std::plus<>(), std::identity()) == 4950);

    struct counter {
        int value = 0;
        void increment() { ++value; }
    };
    std::array<counter, 50> counters;
    hocket::parallel_for(counters.begin(), counters.end(), 1, &counter::increment);
    CHECK(hocket::parallel_reduce(counters.begin(), counters.end(), 0, std::plus<>(), &counter::value) == 50);
}

FIBER_TEST_CASE("parallel_for: a grain below 1 is refused in a sentence", .workers = {1}) {
    auto const f = [](int) { FAIL_CHECK("it was called"); };
    CHECK_THROWS_WITH_AS(hocket::parallel_for(0, 10, 0, f), "hocket::parallel_for: the grain must be at least 1",
                         std::invalid_argument);
    CHECK_THROWS_AS(hocket::parallel_for(0, 10, -1, f), std::invalid_argument);
    CHECK_THROWS_AS(hocket::parallel_for(10, 0, std::size_t{0}, f), std::invalid_argument);
    CHECK_THROWS_WITH_AS(static_cast<void>(hocket::parallel_reduce(0, 0, 0, 1, std::plus<>(), std::identity())),
                         "hocket::parallel_reduce: the grain must be at least 1", std::invalid_argument);
}

// Pieces are jobs: the first elements of all of them wait for each other, even where there is one worker.
FIBER_TEST_CASE("parallel_for: a piece has `grain` elements, one after the other", .workers = {1, 4}) {
    for (int const grain : {1, 2, 3}) {
        CAPTURE(grain);
        constexpr int count = 20;
        int const pieces = (count + grain - 1) / grain;
        std::atomic<int> arrived{0}, out_of_order{0};
        std::array<std::atomic<bool>, count> done{};
        hocket::counting_semaphore<> all_here{0};
        hocket::parallel_for(0, count, grain, [&](int i) {
            if (i % grain == 0) {
                if (arrived.fetch_add(1) + 1 == pieces) all_here.release(pieces);
                all_here.acquire();
            } else if (!done[static_cast<std::size_t>(i) - 1]) {
                ++out_of_order;
            }
            done[static_cast<std::size_t>(i)] = true;
        });
        CHECK(arrived == pieces);
        CHECK(out_of_order == 0);
    }
}

FIBER_TEST_CASE("parallel_for: callables are called where they are", .workers = {1, 4}) {
    struct heavy {
        std::array<char, 4'000> weight{};
        std::atomic<int> calls{0};
        heavy() = default;
        heavy(heavy const&) = delete;
        void operator()(int) { ++calls; }
        int operator()(int a, int b) { return ++calls, a + b; }
    };
    heavy f, g;
    hocket::parallel_for(0, 1000, 1, f);
    CHECK(f.calls == 1000);
    hocket::parallel_for(0, 10, heavy());
    CHECK(hocket::parallel_reduce(0, 1000, 1, 5, g, std::identity()) == 499505);
    CHECK(g.calls == 1000);
    std::function<void(int)> const constant = [&](int) { ++f.calls; };
    hocket::parallel_for(0, 1000, constant);
    CHECK(f.calls == 2000);
}

FIBER_TEST_CASE("parallel_for: bodies that suspend", .workers = {1, 4}) {
    hocket::mutex door;
    int inside = 0;  // guarded by door
    hocket::channel<int> line(2);
    std::uint64_t const seed = hocket::testing::seed();
    std::atomic<long> received{0};
    hocket::parallel_for(0, 600, 1, [&](int i) {
        random_stream choice(seed, static_cast<std::uint64_t>(i));
        switch (choice.below(8)) {
            case 0: hocket::this_fiber::yield(); break;
            case 1: hocket::this_fiber::sleep_for(20us); break;
            case 2: hocket::blocking([] {}); break;
            default: break;
        }
        std::unique_lock const held(door);
        if (i % 16 == 0) hocket::this_fiber::yield();
        ++inside;
    });
    CHECK(inside == 600);
    // Even ones send, odd ones receive.
    hocket::parallel_for(0, 400, 1, [&](int i) {
        if (i % 2 == 0)
            static_cast<void>(line.send(i));
        else
            received += line.recv().value();
    });
    CHECK(received == 39'800);
}

FIBER_TEST_CASE("parallel_for: a stop request ends no loop, and the pieces see it", .workers = {1, 4}) {
    std::atomic<int> calls{0}, told{0};
    hocket::fiber f([&](std::stop_token const& mine) {
        while (!mine.stop_requested()) hocket::this_fiber::yield();
        hocket::parallel_for(0, 500, 1, [&](int i) {
            if (i % 3 == 0) hocket::this_fiber::yield();
            told += hocket::this_fiber::get_stop_token().stop_requested();
            ++calls;
        });
    });
    f.request_stop();
    f.join();
    CHECK(calls == 500);
    CHECK(told == 500);
}

FIBER_TEST_CASE("parallel_for: loops in loops", .workers = {1, 4}) {
    std::vector<std::atomic<int>> visits(20 * 30 * 10);
    hocket::parallel_for(0, 20, [&](int i) {
        hocket::parallel_for(0, 30, 4, [&, i](int j) {
            if (j % 7 == 0) hocket::this_fiber::yield();
            hocket::parallel_for(0, 10, 3, [&, i, j](int k) {
                ++visits[static_cast<std::size_t>((i * 30 + j) * 10 + k)];
            });
        });
    });
    CHECK(std::all_of(visits.begin(), visits.end(), [](auto const& v) { return v == 1; }));
    long const sum = hocket::parallel_reduce(0, 50, 0L, std::plus<>(), [](int i) {
        return hocket::parallel_reduce(0, i, 2, 0L, std::plus<>(), [](int j) {
            if (j % 11 == 0) hocket::this_fiber::yield();
            return j;
        });
    });
    CHECK(sum == 19'600);
}

FIBER_TEST_CASE("parallel_reduce: in order, with any grain", .workers = {1, 4}) { check_reductions(); }
TEST_CASE("parallel_reduce: the same on a plain thread") { check_reductions(); }

FIBER_TEST_CASE("parallel_reduce: results that only move, and of other types", .workers = {1, 4}) {
    using owner = std::unique_ptr<long>;
    auto const merge = [](owner a, owner b) {
        *a += *b;
        return a;
    };
    auto const sum = hocket::parallel_reduce(1, 1001, std::make_unique<long>(5), merge, [](int i) {
        if (i % 50 == 0) hocket::this_fiber::yield();
        return std::make_unique<long>(i);
    });
    CHECK(*sum == 500'505);
    // Lists of what was seen, made of its elements, combined by reference.
    auto const append = [](std::vector<int>&& a, std::vector<int>&& b) -> std::vector<int>&& {
        a.insert(a.end(), b.begin(), b.end());
        return std::move(a);
    };
    auto const list = hocket::parallel_reduce(0, 777, 5, std::vector<int>(), append,
                                              [](int i) -> std::vector<int> { return {i}; });
    std::vector<int> wanted(777);
    std::iota(wanted.begin(), wanted.end(), 0);
    CHECK(list == wanted);
    // What the calls return is converted to the type of the initial value.
    CHECK(hocket::parallel_reduce(0, 300, 0.5, std::plus<>(), [](int i) { return i % 2 == 0; }) == 150.5);
}

TEST_CASE("parallel_reduce: the bits of a sum depend on nothing but its length and grain") {
    for (int const n : {1, 1000, 20'000}) {
        double const wanted = uneven_sum(n);
        for_worker_counts([&](unsigned workers) {
            hocket::runtime rt(hocket::testing::observed({.workers = workers}));
            for (int i = 0; i < 5; ++i) CHECK(rt.run(uneven_sum, n) == wanted);
            check_clean(rt);
        });
    }
}
