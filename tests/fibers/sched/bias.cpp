// Whose a worker's queues are, with an owner and real thieves.
#include <hocket/detail/bias.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "fences.hpp"

using hocket::detail::bias;
using hocket::detail::visit_as_thief;

namespace {

// One section, or one operation the long way; true when it was alone.
bool use(bias& b) {
    bool const alone = b.begin();
    b.end();
    if (!alone) b.used_shared();
    return alone;
}

}  // namespace

TEST_CASE("bias: the owner is alone until a thief comes, and again when none has come for a while") {
    if (!hocket::detail::seam::fences_are_unequal) return;  // the machine has no membarrier
    bias b;
    for (int i = 0; i < 1000; ++i) CHECK(use(b));
    CHECK_FALSE(b.shared());
    for (int round = 0; round < 3; ++round) {
        std::thread([&b] {
            visit_as_thief const inside(b);
            CHECK(static_cast<bool>(inside));
        }).join();
        CHECK(b.shared());
        int uses = 0;
        while (!use(b) && uses < 100'000) ++uses;
        CHECK(uses > 10);
        CHECK(uses < 100'000);
        CHECK(use(b));
    }
}

TEST_CASE("bias: while a thief is there the owner does not take his queues back") {
    bias b;
    {
        visit_as_thief const first(b), second(b);
        REQUIRE(first);
        REQUIRE(second);
        for (int i = 0; i < 10'000; ++i) CHECK_FALSE(use(b));
        {
            visit_as_thief const third(b);
            CHECK(third);
        }
        for (int i = 0; i < 10'000; ++i) CHECK_FALSE(use(b));
    }
    if (!hocket::detail::seam::fences_are_unequal) return;
    bool alone = false;
    for (int i = 0; i < 10'000 && !alone; ++i) alone = use(b);
    CHECK(alone);
}

TEST_CASE("bias: a thief does not wait for an owner who stands still in a section, and leaves no trace") {
    if (!hocket::detail::seam::fences_are_unequal) return;
    bias b;
    REQUIRE(b.begin());
    for (int i = 0; i < 10; ++i)
        std::thread([&b] {
            visit_as_thief const inside(b);
            CHECK_FALSE(inside);
        }).join();
    b.end();
    CHECK(b.begin());
    b.end();
}

TEST_CASE("bias: without membarrier the queues are shared from the beginning to the end") {
    without_membarrier const here;
    bias b;
    for (int i = 0; i < 2000; ++i) CHECK_FALSE(use(b));
    CHECK_FALSE(b.begin());
    {
        visit_as_thief const inside(b);
        CHECK(static_cast<bool>(inside));  // an owner who takes the long way is not in anybody's way
    }
    b.end();
    for (int i = 0; i < 2000; ++i) CHECK_FALSE(use(b));
}

// `loot` is guarded by the bias against thieves, and among them by a mutex: a wrong step loses a count, or is seen by
// ThreadSanitizer.
TEST_CASE("bias: the owner's sections and the thieves' visits exclude each other") {
    bias b;
    std::uint64_t loot = 0, alone = 0;
    std::atomic<std::uint64_t> robbed{0}, refused{0};
    std::atomic<bool> over{false};
    std::mutex among_thieves;
    std::vector<std::thread> thieves;
    for (int t = 0; t < 2; ++t)
        thieves.emplace_back([&] {
            while (!over.load(std::memory_order_relaxed)) {
                {
                    visit_as_thief const inside(b);
                    if (inside) {
                        std::lock_guard const held(among_thieves);
                        ++loot;
                        robbed.fetch_add(1, std::memory_order_relaxed);
                    } else {
                        refused.fetch_add(1, std::memory_order_relaxed);
                    }
                }
                // Long enough for the owner to take it back.
                std::this_thread::sleep_for(std::chrono::microseconds(20));
            }
        });
    for (int i = 0; i < 2'000'000; ++i) {
        if (b.begin()) {
            ++loot;
            ++alone;
            b.end();
        } else {
            b.end();
            b.used_shared();
        }
        if (i % 1000 == 0) std::this_thread::yield();
    }
    over.store(true);
    for (std::thread& t : thieves) t.join();
    CHECK(loot == alone + robbed.load());
    CHECK(robbed.load() > 0);
    if (hocket::detail::seam::fences_are_unequal) CHECK(alone > 0);
    MESSAGE(alone, " alone, ", robbed.load(), " robbed, ", refused.load(), " refused");
}
