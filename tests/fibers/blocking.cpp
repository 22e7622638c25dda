// The blocking pool.
#include <hocket/go.hpp>
#include <hocket/mutex.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <hocket/fiber.hpp>
#include <hocket/runtime.hpp>
#include <hocket/semaphore.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "clean.hpp"
#include "crowd.hpp"

using namespace std::chrono_literals;
using hocket::runtime;
using hocket::testing::observed;

FIBER_TEST_CASE("blocking: returns what the function returns, throws what it throws", .workers = {1, 2, 4}) {
    int const workers = static_cast<int>(hocket::testing::runtime_under_test().stats().workers);
    CHECK(hocket::blocking([] { return 5; }) == 5);
    int x = 0;
    CHECK(&hocket::blocking([&x]() -> int& { return x; }) == &x);
    hocket::blocking([&x] { x = 3; });
    CHECK(x == 3);
    auto p = hocket::blocking([] { return std::make_unique<int>(8); });
    CHECK(*p == 8);
    CHECK_THROWS_WITH_AS(hocket::blocking([]() -> int { throw std::runtime_error("no such file"); }), "no such file",
                         std::runtime_error);
    CHECK(hocket::blocking([] { return hocket::this_fiber::worker(); }) >= workers);
    // Within a blocking task it is a plain call.
    bool same = hocket::blocking([] {
        auto const outer = hocket::this_fiber::get_id();
        return hocket::blocking([outer] { return hocket::this_fiber::get_id() == outer; });
    });
    CHECK(same);
}

TEST_CASE("blocking: on a plain thread it is a plain call") {
    std::thread::id const here = std::this_thread::get_id();
    CHECK(hocket::blocking([] { return std::this_thread::get_id(); }) == here);
    CHECK_THROWS_AS(hocket::blocking([] { throw 1; }), int);
}

FIBER_TEST_CASE("blocking: the other fibers of the worker go on meanwhile", .workers = {1}) {
    std::atomic<bool> release{false};
    hocket::fiber f([&release] {
        hocket::blocking([&release] {
            while (!release.load()) std::this_thread::sleep_for(100us);
        });
    });
    for (int i = 0; i < 100; ++i) hocket::this_fiber::yield();
    release.store(true);
    f.join();
}

TEST_CASE("blocking: at most as many blocking tasks run at once as there are blocking workers, and that many do") {
    for_worker_counts([](unsigned workers) {
        for (unsigned const limit : {1u, 3u}) {
            CAPTURE(limit);
            runtime rt{observed({.workers = workers, .blocking_workers = limit})};
            std::atomic<unsigned> inside{0}, most{0}, done{0}, calm{0};
            rt.run([&] {
                crowd c;
                c.fibers(12, [&](int who) {
                    auto work = [&] {
                        unsigned const now = inside.fetch_add(1) + 1;
                        unsigned seen = most.load();
                        while (now > seen && !most.compare_exchange_weak(seen, now)) {}
                        // Until the full number has met, once; then briefly.
                        auto const end = std::chrono::steady_clock::now() + 20s;
                        while (most.load() < limit && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(100us);
                        std::this_thread::sleep_for(1ms);
                        inside.fetch_sub(1);
                        done.fetch_add(1);
                    };
                    if (who % 2 == 0) {
                        hocket::blocking(work);
                    } else {
                        hocket::go_blocking(work);
                    }
                    calm.fetch_add(1);
                });
                c.join();
            });
            rt.shutdown();
            CHECK(done.load() == 12);
            CHECK(most.load() == limit);
            check_clean(rt);
        }
    });
}

TEST_CASE("blocking: idle blocking workers help with ordinary tasks") {
    runtime rt{observed({.workers = 1, .blocking_workers = 2})};
    std::atomic<int> begun{0}, met{0};
    std::atomic<unsigned> off_worker{0};
    auto compute = [&] {  // no suspension: three can only meet on three threads
        begun.fetch_add(1);
        auto const end = std::chrono::steady_clock::now() + 30s;
        while (begun.load() < 3 && std::chrono::steady_clock::now() < end) {}
        if (begun.load() >= 3) met.fetch_add(1);
        if (hocket::this_fiber::worker() >= 1) off_worker.fetch_add(1);
    };
    SUBCASE("spawned inside") {
        rt.run([&] {
            for (int i = 0; i < 3; ++i) hocket::go(compute);
        });
    }
    SUBCASE("spawned outside") {
        for (int i = 0; i < 3; ++i) rt.go(compute);
        rt.start();
    }
    rt.shutdown();
    CHECK(met.load() == 3);
    CHECK(off_worker.load() >= 2);
    check_clean(rt);
}

TEST_CASE("blocking: helpers give way to blocking tasks, and what they helped with may suspend") {
    runtime rt{observed({.workers = 1, .blocking_workers = 1})};
    std::atomic<int> done{0}, blocking{0};
    rt.run([&] {
        crowd c;
        c.fibers(40, [&](int) {
            auto const until = std::chrono::steady_clock::now() + 500us;
            while (std::chrono::steady_clock::now() < until) {}
            hocket::this_fiber::yield();
            hocket::this_fiber::sleep_for(20us);
            hocket::blocking([&blocking] { blocking.fetch_add(1); });
            done.fetch_add(1);
        });
        c.join();
    });
    rt.shutdown();
    CHECK(done.load() == 40);
    CHECK(blocking.load() == 40);
    check_clean(rt);
}

FIBER_TEST_CASE("blocking: blocking tasks may suspend, and stay on the pool", .workers = {1, 2, 4}) {
    int const workers = static_cast<int>(hocket::testing::runtime_under_test().stats().workers);
    hocket::mutex m;
    hocket::counting_semaphore<> done(0);
    std::atomic<int> wrong{0};
    for (int i = 0; i < 10; ++i)
        hocket::go_blocking([&] {
            for (int k = 0; k < 10; ++k) {
                hocket::this_fiber::yield();
                if (hocket::this_fiber::worker() < workers) wrong.fetch_add(1);
                hocket::this_fiber::sleep_for(50us);
                if (hocket::this_fiber::worker() < workers) wrong.fetch_add(1);
                std::lock_guard const held(m);
                hocket::this_fiber::yield();
            }
            done.release();
        });
    for (int i = 0; i < 10; ++i) done.acquire();
    CHECK(wrong.load() == 0);
}
