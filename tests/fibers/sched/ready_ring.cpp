// The ready ring, with an owner, thieves of one item, and thieves of half of it.
#include "fibers/sched/ready_ring.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "seed.hpp"

using hocket::detail::ready_ring;

namespace {

struct item {
    std::atomic<int> taken{0};
};

}  // namespace

TEST_CASE("ready_ring: first in, first out, for the owner and for thieves") {
    std::vector<item> items(10);
    ready_ring<item, 4> r;
    CHECK(r.pop() == nullptr);
    CHECK(r.steal() == nullptr);
    for (std::size_t turn = 0; turn < 10; ++turn) {  // round the ring several times
        CHECK(r.push(&items[0]));
        CHECK(r.push(&items[1]));
        CHECK(r.push(&items[2]));
        CHECK(r.size() == 3);
        CHECK(r.pop() == &items[0]);
        CHECK(r.steal() == &items[1]);
        CHECK(r.pop() == &items[2]);
        CHECK(r.pop() == nullptr);
    }
    for (std::size_t i = 0; i < 4; ++i) CHECK(r.push(&items[i]));
    CHECK_FALSE(r.push(&items[4]));
    CHECK(r.steal() == &items[0]);
    CHECK(r.push(&items[4]));
    for (std::size_t i = 1; i < 5; ++i) CHECK(r.pop() == &items[i]);
}

TEST_CASE("ready_ring: a thief takes the older half, at least one, in order") {
    for (std::size_t n = 0; n <= 8; ++n) {
        CAPTURE(n);
        std::vector<item> items(8);
        ready_ring<item, 8> from, to;
        for (std::size_t i = 0; i < n; ++i) REQUIRE(from.push(&items[i]));
        std::size_t const got = to.steal_half(from);
        CHECK(got == (n + 1) / 2);
        CHECK(to.size() == got);
        CHECK(from.size() == n - got);
        for (std::size_t i = 0; i < got; ++i) CHECK(to.pop() == &items[i]);
        for (std::size_t i = got; i < n; ++i) CHECK(from.pop() == &items[i]);
    }
}

TEST_CASE("ready_ring: each item is taken exactly once") {
    std::uint64_t const seed = test_seed("ready_ring");
    constexpr std::uint64_t n = 60'000;
    std::vector<item> items(n);
    ready_ring<item, 8> ring;
    std::atomic<bool> all_pushed{false};
    auto const take = [](item& i) { i.taken.fetch_add(1, std::memory_order_relaxed); };
    std::vector<std::thread> thieves;
    for (int t = 0; t < 3; ++t)
        thieves.emplace_back([&, t] {
            ready_ring<item, 8> mine;
            while (true) {
                bool const last_look = all_pushed.load(std::memory_order_acquire);
                bool got = false;
                if (t == 0) {
                    if (item* const i = ring.steal()) {
                        take(*i);
                        got = true;
                    }
                } else if (mine.steal_half(ring) != 0) {
                    while (item* const i = mine.pop()) take(*i);
                    got = true;
                }
                if (got) continue;
                if (last_look && ring.size() == 0) return;
                std::this_thread::yield();
            }
        });
    random_stream random(seed, 0);
    for (std::uint64_t pushed = 0; pushed < n;) {
        if (ring.push(&items[pushed])) ++pushed;
        if (random.below(3) == 0)
            if (item* const i = ring.pop()) take(*i);
        if (random.below(100) == 0) std::this_thread::yield();
    }
    all_pushed.store(true, std::memory_order_release);
    while (item* const i = ring.pop()) take(*i);
    for (std::thread& t : thieves) t.join();
    std::uint64_t wrong = 0;
    for (item const& i : items) wrong += i.taken.load() != 1 ? 1 : 0;
    CHECK(wrong == 0);
}
