// The ready ring, with an owner, thieves of one item, and thieves of half of it.
#include "fibers/sched/ready_ring.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <hocket/detail/bias.hpp>
#include <thread>
#include <vector>

#include "child.hpp"
#include "fences.hpp"
#include "seed.hpp"

using hocket::detail::bias;
using hocket::detail::ready_ring;
using hocket::detail::visit_as_thief;

namespace {

struct item {
    std::atomic<int> taken{0};
};

}  // namespace

TEST_CASE("ready_ring: first in, first out, for the owner and for thieves; it grows") {
    for (bool const visited : {false, true}) {
        CAPTURE(visited);
        std::vector<item> items(100);
        ready_ring<item> r(4);
        bias mine;
        if (visited) REQUIRE(static_cast<bool>(visit_as_thief(mine)));
        CHECK(r.pop(mine) == nullptr);
        CHECK(r.steal() == nullptr);
        CHECK(r.empty());
        for (std::size_t turn = 0; turn < 10; ++turn) {  // round the ring several times
            CHECK(r.push(&items[0]));
            CHECK(r.push(&items[1]));
            CHECK(r.push(&items[2]));
            CHECK(r.size() == 3);
            CHECK(r.pop(mine) == &items[0]);
            CHECK(r.steal() == &items[1]);
            CHECK(r.pop(mine) == &items[2]);
            CHECK(r.pop(mine) == nullptr);
        }
        for (item& i : items) CHECK(r.push(&i));
        CHECK(r.size() == 100);
        CHECK(r.steal() == &items[0]);
        for (std::size_t i = 1; i < 100; ++i) CHECK(r.pop(mine) == &items[i]);
        CHECK(r.pop(mine) == nullptr);
    }
}

TEST_CASE("ready_ring: rotate() adds one and takes the oldest, also when the ring is full") {
    for (std::size_t n = 1; n <= 4; ++n) {
        CAPTURE(n);
        std::vector<item> items(n + 1);
        ready_ring<item> r(4);
        bias mine;
        bool const alone = mine.begin();
        CHECK(alone == hocket::detail::seam::fences_are_unequal);
        item* oldest = nullptr;
        item* after = nullptr;
        CHECK_FALSE(r.rotate(&items[0], oldest, after));
        CHECK(r.empty());
        for (std::size_t i = 0; i < n; ++i) REQUIRE(r.push(&items[i]));
        for (std::size_t turn = 0; turn < 20; ++turn) {
            CHECK(r.rotate(&items[(turn + n) % (n + 1)], oldest, after));
            CHECK(oldest == &items[turn % (n + 1)]);
            CHECK(after == &items[(turn + 1) % (n + 1)]);
            CHECK(r.size() == n);
        }
        mine.end();
        for (std::size_t i = 0; i < n; ++i) CHECK(r.pop(mine) == &items[(20 + i) % (n + 1)]);
    }
}

TEST_CASE("ready_ring: a thief takes the older half, at least one, in order") {
    for (std::size_t n = 0; n <= 8; ++n) {
        CAPTURE(n);
        std::vector<item> items(8);
        ready_ring<item> from(8), to(8);
        bias robbed, own;
        for (std::size_t i = 0; i < n; ++i) REQUIRE(from.push(&items[i]));
        std::size_t got;
        {
            visit_as_thief const inside(robbed);
            REQUIRE(static_cast<bool>(inside));
            got = to.steal_half(from);
        }
        CHECK(got == (n + 1) / 2);
        CHECK(to.size() == got);
        CHECK(from.size() == n - got);
        for (std::size_t i = 0; i < got; ++i) CHECK(to.pop(own) == &items[i]);
        for (std::size_t i = got; i < n; ++i) CHECK(from.pop(robbed) == &items[i]);
    }
}

TEST_CASE("ready_ring: a thief takes no more than its own ring holds") {
    std::vector<item> items(100);
    ready_ring<item> from(128), to(4);
    bias owners;
    for (item& i : items) REQUIRE(from.push(&i));
    CHECK(to.steal_half(from) == 4);
    for (std::size_t i = 0; i < 4; ++i) CHECK(to.pop(owners) == &items[i]);
    for (std::size_t i = 4; i < 100; ++i) CHECK(from.pop(owners) == &items[i]);
}

TEST_CASE("ready_ring: each item is taken exactly once") {
    std::uint64_t const seed = test_seed("ready_ring");
    for (std::size_t const capacity : {1u, 8u, 256u}) {
        CAPTURE(capacity);
        without_membarrier const or_with(capacity == 1);
        constexpr std::uint64_t n = 40'000;
        std::vector<item> items(n);
        ready_ring<item> ring(capacity);
        bias mine;
        std::atomic<bool> all_pushed{false};
        auto const take = [](item& i) { i.taken.fetch_add(1, std::memory_order_relaxed); };
        std::vector<std::thread> thieves;
        for (int t = 0; t < 3; ++t)
            thieves.emplace_back([&, t] {
                ready_ring<item> loot(8);
                bias own;
                while (true) {
                    bool const last_look = all_pushed.load(std::memory_order_acquire);
                    bool got = false;
                    if (visit_as_thief const inside(mine); inside) {
                        if (t == 0) {
                            if (item* const i = ring.steal()) {
                                take(*i);
                                got = true;
                            }
                        } else {
                            got = loot.steal_half(ring) != 0;
                        }
                    }
                    while (item* const i = loot.pop(own)) take(*i);
                    if (got) continue;
                    if (last_look && ring.size() == 0) return;
                    std::this_thread::yield();
                }
            });
        random_stream random(seed, capacity);
        std::uint64_t rotated = 0;
        for (std::uint64_t pushed = 0; pushed < n;) {
            for (std::uint64_t burst = random.below(20) + 1; burst != 0 && pushed < n; --burst)
                REQUIRE(ring.push(&items[pushed++]));
            for (std::uint64_t some = random.below(20); some != 0; --some) {
                item* i = ring.pop(mine);
                if (i == nullptr) break;
                // Sent round a few times, as by a fiber that yields, before it is used up.
                for (std::uint64_t turns = random.below(4); turns != 0 && mine.begin(); --turns) {
                    item* after;
                    rotated += ring.rotate(i, i, after);
                    mine.end();
                }
                mine.end();
                take(*i);
            }
            if (random.below(100) == 0) std::this_thread::yield();
        }
        while (item* const i = ring.pop(mine)) take(*i);
        all_pushed.store(true, std::memory_order_release);
        for (std::thread& t : thieves) t.join();
        std::uint64_t wrong = 0;
        for (item const& i : items) wrong += i.taken.load() != 1 ? 1 : 0;
        CHECK(wrong == 0);
        MESSAGE("rotated ", rotated, " of ", n);
    }
}

TEST_CASE("ready_ring: when there is no memory to grow, push says so, and nothing in it is lost") {
    if (sanitized()) return;  // their run-times need address space of their own
    child_end const end = in_child([] {
        static item one;
        limit_address_space(16 << 20);
        ready_ring<item> r(256);
        bias mine;
        std::uint64_t in = 0;
        while (r.push(&one))
            if (++in > (1u << 24)) break;
        require_in_child(in < (1u << 24), "the ring grew without end");
        require_in_child(r.size() == in, "the size is wrong");
        require_in_child(r.pop(mine) == &one && r.push(&one), "there is room again");
        require_in_child(!r.push(&one), "a full ring took another item");
        std::uint64_t out = 0;
        while (r.pop(mine) != nullptr) ++out;
        require_in_child(in == out, "items were lost");
    });
    INFO(end.text);
    CHECK(end.signal == 0);
    CHECK(end.code == 0);
}
