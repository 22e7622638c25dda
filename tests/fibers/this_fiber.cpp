// What a task may say about itself, and its arena.
#include <hocket/this_fiber.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <hocket/fiber.hpp>
#include <hocket/future.hpp>
#include <hocket/go.hpp>
#include <hocket/semaphore.hpp>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "crowd.hpp"
#include "dumped.hpp"
#include "seed.hpp"

using namespace std::chrono_literals;

TEST_CASE("this_fiber: on a plain thread") {
    CHECK_FALSE(hocket::this_fiber::in_runtime());
    CHECK(hocket::this_fiber::get_id() == hocket::fiber_id());
    CHECK(hocket::this_fiber::name().empty());
    CHECK(hocket::this_fiber::worker() == -1);
    CHECK_FALSE(hocket::this_fiber::get_stop_token().stop_possible());
    hocket::this_fiber::yield();
    auto const begin = std::chrono::steady_clock::now();
    hocket::this_fiber::sleep_for(3ms);
    hocket::this_fiber::sleep_until(std::chrono::system_clock::now() + 2ms);
    CHECK(std::chrono::steady_clock::now() - begin >= 4ms);
    hocket::this_fiber::sleep_for(-1s);
    hocket::this_fiber::sleep_for(0s);
    hocket::this_fiber::sleep_until(std::chrono::steady_clock::now() - 1h);
}

FIBER_TEST_CASE("this_fiber: in a task", .workers = {1, 2, 4}) {
    CHECK(hocket::this_fiber::in_runtime());
    hocket::fiber_id const id = hocket::this_fiber::get_id();
    CHECK(id != hocket::fiber_id());
    std::ostringstream text;
    text << id;
    CHECK(text.str() == "fiber " + std::to_string(id.number()));
    CHECK(std::unordered_set<hocket::fiber_id>{id}.count(id) == 1);
    CHECK(hocket::this_fiber::worker() >= 0);
    int const workers = static_cast<int>(hocket::testing::runtime_under_test().stats().workers);
    // Anywhere: a blocking worker may be helping.
    CHECK(hocket::this_fiber::worker() < workers + static_cast<int>(hocket::testing::runtime_under_test().stats().blocking_workers));
    CHECK(hocket::blocking([] { return hocket::this_fiber::worker(); }) >= workers);
}

// A blocking worker may come to help, and upset the order: not often, though.
FIBER_TEST_CASE("this_fiber: yield lets all who are ready run first", .workers = {1}) {
    int in_order = 0;
    for (int round = 0; round < 20; ++round) {
        std::mutex m;
        std::string path;
        hocket::counting_semaphore<> gate(0);
        std::vector<hocket::fiber> all;
        for (char const c : {'a', 'b', 'c'})
            all.emplace_back([&, c] {
                gate.acquire();
                for (int i = 0; i < 5; ++i) {
                    {
                        std::lock_guard const held(m);
                        path += c;
                    }
                    hocket::this_fiber::yield();
                }
            });
        wait_until_dumped(hocket::testing::runtime_under_test(), 3, "waits for a semaphore");
        gate.release(3);
        for (hocket::fiber& f : all) f.join();
        REQUIRE(path.size() == 15);
        std::string expected;
        for (int i = 0; i < 5; ++i) expected += path.substr(0, 3);
        if (path == expected) ++in_order;
    }
    CHECK(in_order >= 10);
}

FIBER_TEST_CASE("this_fiber: yield alone returns, fresh tasks get their turn", .workers = {1, 2, 4}) {
    for (int i = 0; i < 1000; ++i) hocket::this_fiber::yield();
    std::atomic<bool> ran{false};
    hocket::go([&ran] { ran.store(true); });
    while (!ran.load()) hocket::this_fiber::yield();
    // Also those that come from outside, and timers, while two yield to each other for ever.
    std::atomic<int> came{0};
    std::atomic<bool> over{false};
    auto spin = [&over] {
        while (!over.load()) hocket::this_fiber::yield();
    };
    hocket::fiber x(spin), y(spin);
    std::thread outside([&, rt = &hocket::testing::runtime_under_test()] { rt->go([&came] { came.fetch_add(1); }); });
    hocket::go({.delay = 1ms}, [&came] { came.fetch_add(1); });
    hocket::go({.worker = 0}, [&came] { came.fetch_add(1); });
    while (came.load() != 3) hocket::this_fiber::yield();
    over.store(true);
    hocket::blocking([&outside] { outside.join(); });
}

FIBER_TEST_CASE("this_fiber: a computation with yield points lets others run, and their timers fire", .workers = {1, 2}) {
    std::atomic<bool> slept{false}, ran{false};
    hocket::fiber sleeper([&] {
        hocket::this_fiber::sleep_for(std::chrono::milliseconds(1));
        slept = true;
    });
    hocket::fiber fresh([&] { ran = true; });
    // Both can run nowhere else with one worker.
    while (!slept || !ran) hocket::this_fiber::yield_point();
    sleeper.join(), fresh.join();
    CHECK(slept);
}

TEST_CASE("this_fiber: a yield point on a plain thread and on a blocking worker does nothing") {
    for (int i = 0; i < 1000; ++i) hocket::this_fiber::yield_point();
    hocket::runtime rt{{.workers = 1, .blocking_workers = 1}};
    rt.start();
    std::atomic<std::uint64_t> suspensions{0};
    rt.go_blocking([&] {
        std::uint64_t const before = rt.stats().suspensions;
        for (int i = 0; i < 1'000'000; ++i) hocket::this_fiber::yield_point();
        suspensions = rt.stats().suspensions - before;
    });
    rt.shutdown();
    CHECK(suspensions == 0);
}

FIBER_TEST_CASE("this_fiber: sleep never ends early, for many at once", .workers = {1, 2, 4}) {
    std::uint64_t const seed = test_seed("sleep");
    std::atomic<int> early{0};
    crowd c;
    c.fibers(200, [&](int who) {
        random_stream random(seed, static_cast<std::uint64_t>(who));
        for (int i = 0; i < 5; ++i) {
            auto const d = std::chrono::microseconds(random.below(3000));
            auto const begin = std::chrono::steady_clock::now();
            hocket::this_fiber::sleep_for(d);
            if (std::chrono::steady_clock::now() - begin < d) early.fetch_add(1);
        }
    });
    c.join();
    CHECK(early.load() == 0);
}

FIBER_TEST_CASE("this_fiber: many sleep at once, and their timers go with them", .workers = {1, 2, 4}) {
    std::atomic<int> done{0};
    for (int i = 0; i < 3000; ++i)
        hocket::go([&done, i] {
            hocket::this_fiber::sleep_for(std::chrono::microseconds(i % 1000));
            done.fetch_add(1);
        });
    while (done.load() != 3000) hocket::this_fiber::sleep_for(1ms);
}

FIBER_TEST_CASE("arena: a task's own memory is there while it lives, and reset when it ends", .workers = {1, 2, 4}) {
    static std::atomic<int> live;
    live.store(0);
    struct object {
        int value;
        explicit object(int v) : value(v) { live.fetch_add(1); }
        ~object() { live.fetch_sub(1); }
    };
    for (int round = 0; round < 20; ++round) {
        std::vector<hocket::future<bool>> all;
        for (int i = 0; i < 10; ++i)
            all.push_back(hocket::async([i] {
                hocket::arena& mine = hocket::this_fiber::arena();
                bool ok = mine.used() == 0;  // nothing of whoever had it before
                object& o = mine.make<object>(i);
                auto const numbers = mine.make_span<int>(1000);
                for (int& n : numbers) n = i;
                hocket::this_fiber::yield();
                hocket::blocking([] {});
                for (int const n : numbers) ok = ok && n == i;
                return ok && o.value == i && &hocket::this_fiber::arena() == &mine;
            }));
        for (auto& f : all) CHECK(f.get());
        CHECK(live.load() == 0);
    }
    hocket::future<void> fails = hocket::async([] {
        hocket::this_fiber::arena().make<object>(1);
        hocket::this_fiber::arena().allocate(200'000);
        throw 3;
    });
    CHECK_THROWS_AS(fails.get(), int);
    CHECK(live.load() == 0);
    hocket::fiber stopped([] {
        hocket::this_fiber::arena().make<object>(1);
        hocket::this_fiber::arena().allocate(200'000);
        while (!hocket::this_fiber::get_stop_token().stop_requested()) hocket::this_fiber::yield();
    });
    while (live.load() == 0) hocket::this_fiber::yield();
    stopped.request_stop();
    stopped.join();
    CHECK(live.load() == 0);
}

FIBER_TEST_CASE("arena: a blocking task has one too", .workers = {1, 2}) {
    bool const ok = hocket::blocking([] {
        int& n = hocket::this_fiber::arena().make<int>(4);
        return n == 4 && hocket::this_fiber::arena().used() >= sizeof(int);
    });
    CHECK(ok);
}
