// parallel_for and parallel_reduce when calls throw: what comes out, what was done before, what is not begun behind.
#include <hocket/parallel.hpp>
#include <hocket/testing.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <hocket/semaphore.hpp>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "seed.hpp"

using namespace std::chrono_literals;

namespace {

struct failed : std::runtime_error {
    int at;
    explicit failed(int i) : std::runtime_error("failed at " + std::to_string(i)), at(i) {}
};

// Where f failed; -1 when it did not.
template <class F>
int failure_of(F f) {
    try {
        f();
    } catch (failed const& e) {
        return e.at;
    }
    return -1;
}

// A stretch of elements: what a reduction makes of them when it combines neighbours only.
struct span {
    int first, last;
};

// A loop of which some elements are bad, drawn from a seed.
class faulty {
public:
    faulty(std::uint64_t seed, std::uint64_t number) : choice_(seed, number), calls_(1 + choice_.below(600)) {
        grain_ = 1 + choice_.below(20);
        std::uint64_t const one_in = 1 + choice_.below(200);
        for (std::size_t i = 0; i < calls_.size(); ++i) bad_.push_back(choice_.below(one_in) == 0);
        for (std::size_t i = 0; i < calls_.size(); ++i) pause_.push_back(choice_.below(12));
    }

    int first_bad() const {
        auto const it = std::find(bad_.begin(), bad_.end(), true);
        return it == bad_.end() ? -1 : static_cast<int>(it - bad_.begin());
    }
    int count() const { return static_cast<int>(calls_.size()); }
    int grain() const { return static_cast<int>(grain_); }

    int call(int i) {
        auto const at = static_cast<std::size_t>(i);
        ++calls_[at];
        if (pause_[at] == 0) hocket::this_fiber::yield();
        if (pause_[at] == 1) hocket::this_fiber::sleep_for(10us);
        if (bad_[at]) throw failed(i);
        return 1;
    }

    // All before the first bad one were called once, none twice.
    void check_calls() const {
        int missing = 0, again = 0;
        for (int i = 0; i < count(); ++i) {
            int const calls = calls_[static_cast<std::size_t>(i)];
            missing += calls == 0 && (first_bad() < 0 || i <= first_bad());
            again += calls > 1;
        }
        CHECK(missing == 0);
        CHECK(again == 0);
    }

private:
    random_stream choice_;
    std::vector<std::atomic<int>> calls_;
    std::uint64_t grain_;
    std::vector<bool> bad_;
    std::vector<std::uint64_t> pause_;
};

void check_faulty(std::uint64_t seed) {
    for (std::uint64_t i = 0; i < 150; ++i) {
        CAPTURE(i);
        faulty loop(seed, 2 * i), sum(seed, 2 * i + 1);
        CHECK(failure_of([&] {
            hocket::parallel_for(0, loop.count(), loop.grain(), [&](int k) { loop.call(k); });
        }) == loop.first_bad());
        loop.check_calls();
        CHECK(failure_of([&] {
            int const calls = hocket::parallel_reduce(0, sum.count(), sum.grain(), 0, std::plus<>(),
                                                      [&](int k) { return sum.call(k); });
            CHECK(calls == sum.count());
        }) == sum.first_bad());
        sum.check_calls();
    }
}

}  // namespace

FIBER_TEST_CASE("parallel: the exception is the one that a loop would have thrown", .workers = {1, 2, 4}) {
    check_faulty(test_seed("parallel failures"));
}
TEST_CASE("parallel: the same on a plain thread") { check_faulty(1); }

TEST_CASE("parallel_for: on a plain thread nothing is called behind a failure") {
    for (int const grain : {1, 10, 1000}) {
        int last = -1;
        CHECK(failure_of([&] {
            hocket::parallel_for(0, 1000, grain, [&](int i) {
                last = i;
                if (i == 345) throw failed(i);
            });
        }) == 345);
        CHECK(last == 345);
    }
}

FIBER_TEST_CASE("parallel_for: what is before a failure goes on to its end", .workers = {1, 4}) {
    std::atomic<int> ended{0};
    hocket::counting_semaphore<> failing{0};
    CHECK(failure_of([&] {
        hocket::parallel_for(0, 20, 1, [&](int i) {
            if (i == 19) {
                failing.release(19);
                throw failed(i);
            }
            failing.acquire();
            hocket::this_fiber::sleep_for(100us);
            ++ended;
        });
    }) == 19);
    CHECK(ended == 19);
}

// The first piece is the caller's own, so it fails at once; all the others would take days.
FIBER_TEST_CASE("parallel_for: what is behind a failure is not begun", .workers = {1, 4}) {
    std::atomic<std::int64_t> begun{0}, ended{0};
    CHECK(failure_of([&] {
        hocket::parallel_for(std::int64_t{0}, std::int64_t{1} << 40, 1, [&](std::int64_t i) {
            ++begun;
            if (i == 0) throw failed(0);
            ++ended;
        });
    }) == 0);
    CHECK(ended == begun - 1);
}

// 2^64 - 1 elements; every piece fails at once.
FIBER_TEST_CASE("parallel_for: the largest range there is, given up", .workers = {1, 4}) {
    using limits = std::numeric_limits<std::int64_t>;
    std::atomic<int> calls{0};
    for (int i = 0; i < 2; ++i) {
        CHECK(failure_of([&] {
            hocket::parallel_for(limits::min(), limits::max(), [&](std::int64_t k) {
                ++calls;
                throw failed(k == limits::min() ? 77 : 0);
            });
        }) == 77);
        CHECK_THROWS_AS(hocket::parallel_for(limits::min(), limits::max(), UINT64_MAX / 3, [](auto) { throw 1; }), int);
        CHECK_THROWS_AS(static_cast<void>(hocket::parallel_reduce(std::uint64_t{0}, UINT64_MAX, UINT64_MAX / 2 + 1, 0,
                                                                  std::plus<>(), [](auto) -> int { throw 2; })),
                        int);
    }
    CHECK(calls <= 2 * 256);
}

FIBER_TEST_CASE("parallel_reduce: a combination that throws counts where it stands", .workers = {1, 4}) {
    for (int i = 0; i < 20; ++i)
        for (int const bad : {1, 100, 399}) {
            CAPTURE(bad);
            std::atomic<int> torn{0};
            auto const join = [&](span a, span b) {
                if (b.first % 50 == 0) hocket::this_fiber::yield();
                if (a.last != b.first) ++torn;
                if (a.first <= bad && bad < b.last && a.last <= bad) throw failed(bad);
                return span{a.first, b.last};
            };
            CHECK(failure_of([&] {
                static_cast<void>(hocket::parallel_reduce(0, 400, 1 + i % 5, span{0, 0}, join, [&](int k) {
                    if (k > bad + 100) throw failed(k);  // further behind: never the first
                    return span{k, k + 1};
                }));
            }) == bad);
            CHECK(torn == 0);
        }
}

TEST_CASE("parallel_reduce: on a plain thread nothing is called behind a combination that fails") {
    int last = -1;
    auto const add = [](int a, int b) { return b == 1 ? throw failed(1) : a + b; };
    auto const note = [&](int i) { return last = i; };
    CHECK(failure_of([&] { static_cast<void>(hocket::parallel_reduce(0, 1000, 1, 0, add, note)); }) == 1);
    CHECK(last == 1);
}

// 0 fails when some others are done and some are not begun: these leave gaps, over which nothing may be combined.
FIBER_TEST_CASE("parallel_reduce: only neighbours are combined, also while it fails", .workers = {2, 4}) {
    for (int round = 0; round < 60; ++round) {
        hocket::counting_semaphore<> done{0};
        std::atomic<int> torn{0};
        auto const join = [&](span a, span b) {
            if (a.last != b.first) ++torn;
            return span{a.first, b.last};
        };
        CHECK(failure_of([&] {
            static_cast<void>(hocket::parallel_reduce(0, 64, 1, span{0, 0}, join, [&](int i) {
                if (i == 0) {
                    for (int k = 0; k < 4 + round % 30; ++k) done.acquire();
                    throw failed(0);
                }
                if (i % 3 == round % 3) hocket::this_fiber::yield();
                if (i % 7 == round % 7) hocket::this_fiber::sleep_for(std::chrono::microseconds(i % 50));
                done.release();
                return span{i, i + 1};
            }));
        }) == 0);
        CHECK(torn == 0);
    }
}

FIBER_TEST_CASE("parallel: exceptions pass through nested algorithms", .workers = {1, 4}) {
    for (int round = 0; round < 20; ++round) {
        std::atomic<int> calls{0};
        CHECK(failure_of([&] {
            hocket::parallel_for(0, 30, 1, [&](int i) {
                int const n = hocket::parallel_reduce(0, 40, 3, 0, std::plus<>(), [&](int j) {
                    ++calls;
                    if (j % 9 == 0) hocket::this_fiber::yield();
                    if (i >= 7 && j == 20) throw failed(i);
                    return 1;
                });
                CHECK(n == 40);
            });
        }) == 7);
        CHECK(calls >= 7 * 40);
    }
}
