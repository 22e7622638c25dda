// The work-stealing deque, with an owner and real thieves.
#include <hocket/detail/deque.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <hocket/detail/bias.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "child.hpp"
#include "fences.hpp"
#include "seed.hpp"

using hocket::detail::bias;
using hocket::detail::deque;
using hocket::detail::visit_as_thief;

namespace {

struct item {
    std::atomic<int> taken{0};
    std::uint64_t number = 0;
};

}  // namespace

TEST_CASE("deque: the owner takes the newest, a thief the oldest") {
    std::vector<item> items(6);
    deque<item> d(2);
    bias mine;
    bool lost = false;
    CHECK(d.take(mine) == nullptr);
    CHECK(d.steal(lost) == nullptr);
    for (item& i : items) CHECK(d.push(&i));
    CHECK(d.size() == 6);
    CHECK(d.take(mine) == &items[5]);
    CHECK(d.steal(lost) == &items[0]);
    CHECK(d.steal(lost) == &items[1]);
    CHECK(d.take(mine) == &items[4]);
    CHECK(d.take(mine) == &items[3]);
    CHECK(d.take(mine) == &items[2]);
    CHECK(d.take(mine) == nullptr);
    CHECK(d.steal(lost) == nullptr);
    CHECK_FALSE(lost);
    CHECK(d.size() == 0);
}

TEST_CASE("deque: the owner takes back what he knows to be the newest, with a thief about or without") {
    for (bool const visited : {false, true}) {
        CAPTURE(visited);
        item one, two;
        deque<item> d(2);
        bias mine;
        if (visited) REQUIRE(static_cast<bool>(visit_as_thief(mine)));
        CHECK_FALSE(d.take_back(mine));
        REQUIRE(d.push(&one));
        REQUIRE(d.push(&two));
        CHECK(d.take_back(mine));
        CHECK(d.size() == 1);
        CHECK(d.take_back(mine));
        CHECK_FALSE(d.take_back(mine));
        REQUIRE(d.push(&one));
        bool lost = false;
        CHECK(d.steal(lost) == &one);
        CHECK_FALSE(d.take_back(mine));
        CHECK(d.empty());
    }
}

TEST_CASE("deque: it grows, and keeps the order from any position") {
    for (std::size_t const before : {0u, 1u, 3u, 4u, 7u}) {
        CAPTURE(before);
        std::vector<item> items(1000);
        deque<item> d(4);
        bias mine;
        bool lost = false;
        for (std::size_t i = 0; i < before; ++i) {  // positions move on
            REQUIRE(d.push(&items[0]));
            REQUIRE(d.steal(lost) == &items[0]);
        }
        for (item& i : items) REQUIRE(d.push(&i));
        for (std::size_t i = 0; i < 500; ++i) REQUIRE(d.steal(lost) == &items[i]);
        for (std::size_t i = 1000; i-- > 500;) REQUIRE(d.take(mine) == &items[i]);
        CHECK(d.take(mine) == nullptr);
    }
}

TEST_CASE("deque: each item is taken exactly once, by its owner or by a thief, while it grows") {
    std::uint64_t const seed = test_seed("deque");
    for (std::size_t const capacity : {1u, 2u, 256u}) {
        CAPTURE(capacity);
        without_membarrier const or_with(capacity == 1);
        constexpr std::uint64_t n = 40'000;
        std::vector<item> items(n);
        for (std::uint64_t i = 0; i < n; ++i) items[i].number = i + 1;
        deque<item> d(capacity);
        bias mine;
        std::atomic<bool> all_pushed{false};
        std::atomic<std::uint64_t> sum{0}, stolen{0};
        auto const take = [&sum](item& i) {
            i.taken.fetch_add(1, std::memory_order_relaxed);
            sum.fetch_add(i.number, std::memory_order_relaxed);
        };
        std::vector<std::thread> thieves;
        for (int t = 0; t < 3; ++t)
            thieves.emplace_back([&] {
                while (true) {
                    bool const last_look = all_pushed.load(std::memory_order_acquire);
                    visit_as_thief const inside(mine);
                    bool lost = !inside;
                    if (item* const i = inside ? d.steal(lost) : nullptr) {
                        take(*i);
                        stolen.fetch_add(1, std::memory_order_relaxed);
                    } else if (!lost) {
                        if (last_look) return;
                        std::this_thread::yield();
                    }
                }
            });
        random_stream random(seed, capacity);
        std::uint64_t pushed = 0;
        while (pushed < n) {
            for (std::uint64_t burst = random.below(40) + 1; burst != 0 && pushed < n; --burst)
                REQUIRE(d.push(&items[pushed++]));
            for (std::uint64_t some = random.below(40); some != 0; --some)
                if (item* const i = d.take(mine)) take(*i);
            if (bool lost = false; random.below(8) == 0)
                if (item* const i = d.steal(lost)) take(*i);
            if (random.below(64) == 0) std::this_thread::yield();
        }
        while (item* const i = d.take(mine)) take(*i);
        all_pushed.store(true, std::memory_order_release);
        for (std::thread& t : thieves) t.join();
        CHECK(sum.load() == n * (n + 1) / 2);
        std::uint64_t wrong = 0;
        for (item const& i : items) wrong += i.taken.load() != 1 ? 1 : 0;
        CHECK(wrong == 0);
        CHECK(d.size() == 0);
    }
}

TEST_CASE("deque: when there is no memory to grow, push says so, and nothing in it is lost") {
    if (sanitized()) return;  // their run-times need address space of their own
    child_end const end = in_child([] {
        static item one;
        limit_address_space(16 << 20);
        deque<item> d(256);
        bias mine;
        std::uint64_t in = 0;
        while (d.push(&one))
            if (++in > (1u << 24)) break;
        require_in_child(in < (1u << 24), "the deque grew without end");
        require_in_child(!d.push(&one), "a full deque took another item");
        require_in_child(d.size() == in, "the size is wrong");
        bool lost = false;
        std::uint64_t out = 0;
        for (; out < 10; ++out) require_in_child(d.steal(lost) == &one, "an item cannot be stolen");
        require_in_child(d.push(&one), "there is room again");
        ++in;
        while (d.take(mine) != nullptr) ++out;
        require_in_child(in == out, "items were lost");
    });
    INFO(end.text);
    CHECK(end.signal == 0);
    CHECK(end.code == 0);
}
