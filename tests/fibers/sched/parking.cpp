// Sleeping and waking of workers: no wake is lost.
#include "fibers/sched/parking.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "seed.hpp"

using namespace hocket::detail;
using namespace std::chrono_literals;

namespace {

// Waits, not for ever, until it holds.
template <class Condition>
bool soon(Condition holds) {
    auto const end = std::chrono::steady_clock::now() + 20s;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(100us);
    }
    return true;
}

}  // namespace

TEST_CASE("parking: nobody sleeps when there is work at the last look") {
    parking p;
    parking::seat s;
    CHECK_FALSE(p.sleep(s, seam::forever, [] {}, [] { return true; }));
    CHECK(p.sleepers() == 0);
}

TEST_CASE("parking: a sleeper wakes by itself at its deadline") {
    parking p;
    parking::seat s;
    std::int64_t const until = seam::now() + 5'000'000;
    CHECK_FALSE(p.sleep(s, until, [] {}, [] { return false; }));
    CHECK(seam::now() >= until);
    CHECK(p.sleepers() == 0);
    CHECK_FALSE(p.wake());
    CHECK_FALSE(p.wake(s));
}

TEST_CASE("parking: one wake wakes one sleeper, who then counts as searching and keeps others from being woken") {
    parking p;
    std::vector<std::unique_ptr<parking::seat>> seats;
    std::vector<std::thread> threads;
    std::atomic<int> awake{0}, done{0};
    std::atomic<bool> go_on{false};
    for (int i = 0; i < 3; ++i) {
        seats.push_back(std::make_unique<parking::seat>());
        threads.emplace_back([&, &mine = *seats.back()] {
            bool const called = p.sleep(mine, seam::forever, [] {}, [] { return false; });
            if (called) awake.fetch_add(1);
            while (!go_on.load()) std::this_thread::sleep_for(1ms);
            p.found(mine);
            done.fetch_add(1);
        });
    }
    REQUIRE(soon([&] { return p.sleepers() == 3; }));
    CHECK(p.wake());
    CHECK(soon([&] { return awake.load() == 1; }));
    CHECK(p.searchers() == 1);
    CHECK_FALSE(p.wake());  // somebody searches
    CHECK(p.sleepers() == 2);
    go_on.store(true);
    REQUIRE(soon([&] { return p.searchers() == 0; }));
    CHECK(p.wake());
    REQUIRE(soon([&] { return done.load() == 2; }));
    p.wake_all();
    for (std::thread& t : threads) t.join();
    CHECK(awake.load() == 3);
    CHECK(p.sleepers() == 0);
    CHECK(p.searchers() == 0);
}

TEST_CASE("parking: who only rests is not announced, and woken for what is meant for him only") {
    parking p;
    parking::seat tired, keen;
    std::atomic<int> announced{0}, awake{0};
    auto const sleep = [&](parking::seat& s, bool rests) {
        CHECK(p.sleep(s, seam::forever, [&] { announced.fetch_add(1); }, [] { return false; }, rests));
        p.found(s);
        awake.fetch_add(1);
    };
    std::thread rester([&] { sleep(tired, true); });
    REQUIRE(soon([&] { return p.resting() == 1; }));
    CHECK(p.sleepers() == 0);
    CHECK(announced.load() == 0);
    CHECK_FALSE(p.wake());
    std::thread thief([&] { sleep(keen, false); });
    REQUIRE(soon([&] { return p.sleepers() == 1 && announced.load() == 1; }));
    CHECK(p.wake());  // the thief, though the other has lain down before
    thief.join();
    CHECK(awake.load() == 1);
    CHECK(p.resting() == 1);
    p.wake_resting();
    rester.join();
    CHECK(p.resting() == 0);
    p.wake_resting();  // nobody

    std::thread by_name([&] { sleep(tired, true); });
    REQUIRE(soon([&] { return p.resting() == 1; }));
    CHECK(p.wake(tired));
    by_name.join();
    std::thread first([&] { sleep(tired, true); }), second([&] { sleep(keen, false); });
    REQUIRE(soon([&] { return p.resting() == 1 && p.sleepers() == 1; }));
    p.wake_all();
    first.join();
    second.join();
    CHECK(awake.load() == 5);
    CHECK(p.searchers() == 0);
}

TEST_CASE("parking: a rest ends at its deadline") {
    parking p;
    parking::seat s;
    std::int64_t const until = seam::now() + 5'000'000;
    CHECK_FALSE(p.sleep(s, until, [] {}, [] { return false; }, true));
    CHECK(seam::now() >= until);
    CHECK(p.resting() == 0);
}

TEST_CASE("parking: a wake for one seat wakes that one") {
    parking p;
    parking::seat a, b;
    std::atomic<bool> a_awake{false}, b_awake{false};
    std::thread first([&] {
        p.sleep(a, seam::forever, [] {}, [] { return false; });
        a_awake.store(true);
        p.found(a);
    });
    std::thread second([&] {
        p.sleep(b, seam::forever, [] {}, [] { return false; });
        b_awake.store(true);
        p.found(b);
    });
    REQUIRE(soon([&] { return p.sleepers() == 2; }));
    CHECK(p.wake(a));
    CHECK(p.searchers() == 0);  // nobody may leave anything to who was called by name
    first.join();
    CHECK(a_awake.load());
    CHECK_FALSE(b_awake.load());
    CHECK_FALSE(p.wake(a));
    CHECK(p.wake(b));
    second.join();
    CHECK(p.searchers() == 0);
}

// The workers' own protocol on a bare counter of work. A lost wake leaves work lying while all sleep, and the test hangs.
TEST_CASE("parking: work that is published before a wake is always found") {
    std::uint64_t const seed = test_seed("parking");
    for (int sleepers = 1; sleepers <= 3; ++sleepers) {
        CAPTURE(sleepers);
        parking p;
        std::atomic<int> work{0}, done{0};
        std::atomic<bool> over{false};
        std::vector<std::unique_ptr<parking::seat>> seats;
        std::vector<std::thread> threads;
        auto take = [&work] {
            int n = work.load(std::memory_order_relaxed);
            while (n > 0)
                if (work.compare_exchange_weak(n, n - 1)) return true;
            return false;
        };
        for (int i = 0; i < sleepers; ++i) {
            seats.push_back(std::make_unique<parking::seat>());
            threads.emplace_back([&, &mine = *seats.back()] {
                while (!over.load()) {
                    if (take()) {
                        if (p.found(mine) && work.load(std::memory_order_relaxed) > 0) p.wake();
                        done.fetch_add(1);
                        continue;
                    }
                    p.start_search(mine);
                    if (work.load(std::memory_order_relaxed) > 0) continue;
                    p.sleep(mine, seam::forever, [] {}, [&] { return over.load() || work.load(std::memory_order_relaxed) > 0; });
                }
                p.found(mine);
            });
        }
        random_stream random(seed, static_cast<std::uint64_t>(sleepers));
        int published = 0;
        bool lost = false;
        for (int round = 0; round < 400 && !lost; ++round) {
            for (std::uint64_t burst = random.below(4) + 1; burst != 0; --burst) {
                work.fetch_add(1, std::memory_order_relaxed);
                ++published;
                p.wake();
            }
            // Often wait until all is done, so that everybody falls asleep and the next wake counts.
            if (random.below(4) != 0) lost = !soon([&] { return done.load() == published; });
            if (random.below(8) == 0) std::this_thread::sleep_for(std::chrono::microseconds(random.below(300)));
        }
        CHECK_FALSE(lost);
        CHECK(soon([&] { return done.load() == published; }));
        over.store(true);
        p.wake_all();
        for (std::thread& t : threads) t.join();
        CHECK(p.sleepers() == 0);
        CHECK(p.searchers() == 0);
    }
}
