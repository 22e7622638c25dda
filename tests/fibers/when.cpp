// Several futures as one.
#include <hocket/testing.hpp>

#include <chrono>
#include <cstddef>
#include <hocket/semaphore.hpp>
#include <hocket/when.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using hocket::when_all;
using hocket::when_any;

namespace {

constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

template <class R>
bool is_ready(hocket::future<R> const& f) {
    return f.wait_for(0s) == hocket::future_status::ready;
}

}  // namespace

FIBER_TEST_CASE("when_all: a tuple, ready when all are; what was thrown stays in its future", .workers = {1, 2, 4}) {
    hocket::promise<int> number;
    hocket::promise<std::unique_ptr<int>> box;
    hocket::counting_semaphore<> gate{0};
    auto all = when_all(number.get_future(), box.get_future(), hocket::async([&] {
                            gate.acquire();
                            throw std::runtime_error("out of cheese");
                        }));
    number.set_value(42);
    box.set_value(std::make_unique<int>(7));
    CHECK(all.wait_for(2ms) == hocket::future_status::timeout);
    gate.release();
    auto [n, b, failed] = all.get();
    CHECK(n.get() == 42);
    CHECK(*b.get() == 7);
    CHECK_THROWS_WITH_AS(failed.get(), "out of cheese", std::runtime_error);
}

FIBER_TEST_CASE("when_all: a sequence, in its order", .workers = {1, 2, 4}) {
    std::vector<hocket::future<std::size_t>> parts;
    for (std::size_t i = 0; i < 200; ++i)
        parts.push_back(hocket::async([i] {
            if (i % 3 == 0) hocket::this_fiber::yield();
            return i;
        }));
    auto all = when_all(parts.begin(), parts.end()).get();
    CHECK_FALSE(parts[0].valid());
    REQUIRE(all.size() == 200);
    for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK(is_ready(all[i]));
        CHECK(all[i].get() == i);
    }
}

FIBER_TEST_CASE("when_any: the one that is ready, and the others still to come", .workers = {1, 2, 4}) {
    for (std::size_t first = 0; first < 3; ++first) {
        CAPTURE(first);
        std::vector<hocket::promise<std::string>> promises(3);
        std::vector<hocket::future<std::string>> futures;
        for (auto& p : promises) futures.push_back(p.get_future());
        auto any = when_any(futures.begin(), futures.end());
        CHECK(any.wait_for(1ms) == hocket::future_status::timeout);
        promises[first].set_value("first");
        auto found = any.get();
        REQUIRE(found.index == first);
        CHECK(found.futures[first].get() == "first");
        for (std::size_t i = 0; i < 3; ++i) {
            if (i == first) continue;
            CHECK_FALSE(is_ready(found.futures[i]));
            promises[i].set_value("later");
            CHECK(found.futures[i].get() == "later");
        }
    }
}

FIBER_TEST_CASE("when_any: futures of different kinds; a broken promise is ready, too", .workers = {1, 2}) {
    hocket::promise<int> kept;
    hocket::shared_future<int> const number = kept.get_future().share();
    auto broken = std::make_unique<hocket::promise<void>>();
    auto any = when_any(number, broken->get_future());
    broken.reset();
    auto found = any.get();
    REQUIRE(found.index == 1);
    CHECK_THROWS_AS(std::get<1>(found.futures).get(), hocket::future_error);
    kept.set_value(3);
    CHECK(std::get<0>(found.futures).get() == 3);
    CHECK(number.get() == 3);
}

FIBER_TEST_CASE("when_any: of several that are ready, the first in their order; many at once", .workers = {1, 2, 4}) {
    for (int round = 0; round < 200; ++round) {
        std::vector<hocket::future<int>> futures;
        for (int i = 0; i < 8; ++i)
            futures.push_back(hocket::async([i, round] {
                if ((i + round) % 3 != 0) hocket::this_fiber::yield();
                return i;
            }));
        auto found = when_any(futures.begin(), futures.end()).get();
        REQUIRE(found.index < 8);
        CHECK(is_ready(found.futures[found.index]));
        for (int i = 0; i < 8; ++i) CHECK(found.futures[static_cast<std::size_t>(i)].get() == i);
    }
    hocket::promise<int> a, b;
    a.set_value(1), b.set_value(2);
    CHECK(when_any(a.get_future(), b.get_future()).get().index == 0);
}

FIBER_TEST_CASE("when_all, when_any: of none; of one that is not valid", .workers = {2}) {
    std::vector<hocket::future<int>> none;
    CHECK(when_all(none.begin(), none.end()).get().empty());
    CHECK(when_all().get() == std::tuple<>());
    CHECK(when_any(none.begin(), none.end()).get().index == nowhere);
    CHECK(when_any().get().index == nowhere);

    std::vector<hocket::future<int>> two(2);
    hocket::promise<int> p;
    two[0] = p.get_future();
    CHECK_THROWS_AS(static_cast<void>(when_all(two.begin(), two.end())), hocket::future_error);
    CHECK_THROWS_AS(static_cast<void>(when_any(two.begin(), two.end())), hocket::future_error);
    CHECK(two[0].valid());
}

TEST_CASE("when_all: outside of a runtime there is nowhere to wait") {
    hocket::promise<int> p;
    CHECK_THROWS_AS(static_cast<void>(when_all(p.get_future())), hocket::no_runtime);
}
