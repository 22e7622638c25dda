// The runtime's face: starting, running, stopping.
#include <hocket/runtime.hpp>
#include <hocket/testing.hpp>

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <hocket/fiber.hpp>
#include <hocket/future.hpp>
#include <hocket/go.hpp>
#include <hocket/semaphore.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "clean.hpp"

using namespace std::chrono_literals;
using hocket::runtime;
using hocket::testing::observed;

TEST_CASE("run: returns what the function returns: values, references, nothing, what only moves") {
    for_worker_counts([](unsigned workers) {
        runtime rt{observed({.workers = workers, .blocking_workers = 1})};
        CHECK(rt.run([] { return 7; }) == 7);
        CHECK(rt.run([](int a, int b) { return a - b; }, 9, 4) == 5);
        int x = 1;
        int& same = rt.run([&x]() -> int& { return x; });
        CHECK(&same == &x);
        std::unique_ptr<int> moved = rt.run([](std::unique_ptr<int> p) { return p; }, std::make_unique<int>(3));
        CHECK(*moved == 3);
        bool ran = false;
        rt.run([&ran] { ran = true; });
        CHECK(ran);
        std::string text = "by reference, as std::invoke would";
        rt.run([](std::string& s) { s += "!"; }, text);
        CHECK(text.back() == '!');
        struct with_method {
            int v;
            int get() const { return v; }
        };
        CHECK(rt.run(&with_method::get, with_method{12}) == 12);
        check_clean(rt);
    });
}

TEST_CASE("run: throws what the function throws, and can be called again") {
    for_worker_counts([](unsigned workers) {
        runtime rt{observed({.workers = workers, .blocking_workers = 1})};
        for (int i = 0; i < 3; ++i) {
            CHECK_THROWS_WITH_AS(rt.run([]() -> int { throw std::runtime_error("so"); }), "so", std::runtime_error);
            CHECK_THROWS_AS(rt.run([] {
                hocket::this_fiber::sleep_for(100us);
                throw 5;
            }),
                            int);
            CHECK(rt.run([i] { return i; }) == i);
        }
        CHECK(rt.stats().unhandled == 0);
        check_clean(rt);
    });
}

TEST_CASE("run: from one plain thread after another, each becoming worker 0") {
    for_worker_counts([](unsigned workers) {
        runtime rt{observed({.workers = workers, .blocking_workers = 1})};
        for (int i = 0; i < 5; ++i)
            std::thread([&rt, i] {
                int const got = rt.run([i] {
                    hocket::this_fiber::yield();
                    return hocket::async([i] { return i * 2; }).get();
                });
                if (got != i * 2) throw std::logic_error("wrong");
            }).join();
        check_clean(rt);
    });
}

TEST_CASE("run: does not wait for other tasks; they go on, at the latest at the next run or at the end") {
    for_worker_counts([](unsigned workers) {
        std::atomic<int> done{0};
        {
            runtime rt{observed({.workers = workers, .blocking_workers = 1})};
            rt.run([&done] {
                for (int i = 0; i < 50; ++i)
                    hocket::go([&done, i] {
                        if (i % 2 == 0) hocket::this_fiber::sleep_for(1ms);
                        done.fetch_add(1);
                    });
                for (int i = 0; i < 10; ++i) hocket::go({.worker = 0}, [&done] { done.fetch_add(1); });
            });
            rt.run([&done] {
                for (int i = 0; i < 5; ++i) hocket::go([&done] { done.fetch_add(1); });
            });
        }
        CHECK(done.load() == 65);
    });
}

TEST_CASE("start: the workers run without run(); run() then only waits") {
    for_worker_counts([](unsigned workers) {
        runtime rt{observed({.workers = workers, .blocking_workers = 1})};
        rt.start();
        rt.start();
        std::atomic<int> done{0};
        for (int i = 0; i < 20; ++i) rt.go([&done] { done.fetch_add(1); });
        auto const end = std::chrono::steady_clock::now() + 20s;
        while (done.load() != 20 && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(100us);
        CHECK(done.load() == 20);
        std::thread::id const here = std::this_thread::get_id();
        CHECK(rt.run([] { return std::this_thread::get_id(); }) != here);
        CHECK_THROWS_AS(rt.run([] { throw 1; }), int);
        check_clean(rt);
    });
}

TEST_CASE("go: submissions before start are kept, then run") {
    for_worker_counts([](unsigned workers) {
        for (int const how : {0, 1, 2}) {
            CAPTURE(how);
            std::atomic<int> done{0}, blocking{0};
            runtime rt{observed({.workers = workers, .blocking_workers = 2})};
            for (int i = 0; i < 100; ++i) rt.go([&done] { done.fetch_add(1); });
            for (unsigned w = 0; w < workers; ++w) rt.go({.worker = static_cast<int>(w)}, [&done] { done.fetch_add(1); });
            rt.go({.delay = 2ms}, [&done] { done.fetch_add(1); });
            for (int i = 0; i < 5; ++i) rt.go_blocking([&blocking] { blocking.fetch_add(1); });
            std::this_thread::sleep_for(3ms);
            CHECK(done.load() == 0);
            CHECK(rt.stats().live == 106 + workers);
            if (how == 0) rt.start();
            if (how == 1) rt.run([] {});
            rt.shutdown();
            CHECK(done.load() == 101 + static_cast<int>(workers));
            CHECK(blocking.load() == 5);
            check_clean(rt);
        }
    });
}

TEST_CASE("shutdown: drains what is there and what that spawns, then refuses") {
    for_worker_counts([](unsigned workers) {
        for (bool const started : {false, true}) {
            CAPTURE(started);
            std::atomic<int> done{0};
            runtime rt{observed({.workers = workers, .blocking_workers = 1})};
            if (started) rt.start();
            rt.go([&done] {
                for (int i = 0; i < 10; ++i)
                    hocket::go([&done] {
                        hocket::this_fiber::sleep_for(2ms);
                        hocket::go([&done] { done.fetch_add(1); });
                        hocket::go_blocking([&done] {
                            hocket::go([&done] { done.fetch_add(1); });
                            done.fetch_add(1);
                        });
                        hocket::go({.delay = 1ms, .worker = 0}, [&done] { done.fetch_add(1); });
                    });
            });
            rt.shutdown();
            CHECK(done.load() == 40);
            rt.shutdown();
            CHECK_THROWS_AS(rt.go([] {}), hocket::no_runtime);
            CHECK_THROWS_AS(rt.go_blocking([] {}), hocket::no_runtime);
            CHECK_THROWS_WITH_AS(rt.run([] {}), doctest::Contains("shut down"), hocket::no_runtime);
            check_clean(rt);
        }
    });
}

TEST_CASE("shutdown: of a runtime that was never used costs nothing and no thread") {
    for_worker_counts([](unsigned workers) {
        runtime rt{{.workers = workers, .blocking_workers = 1}};
        rt.shutdown();
        CHECK_THROWS_WITH_AS(rt.go([] {}), doctest::Contains("shut down"), hocket::no_runtime);
        CHECK(rt.stats().spawned == rt.stats().completed);
        runtime never{{.workers = workers, .blocking_workers = 1}};
    });
}

TEST_CASE("shutdown: what foreign threads submit meanwhile is either refused or run") {
    for_worker_counts([](unsigned workers) {
        for (int round = 0; round < 10; ++round) {
            std::atomic<long> accepted{0}, ran{0}, refused{0};
            std::atomic<bool> go{false};
            runtime rt{observed({.workers = workers, .blocking_workers = 1})};
            if (round % 2 == 0) rt.start();
            std::vector<std::thread> threads;
            for (int t = 0; t < 3; ++t)
                threads.emplace_back([&, t] {
                    while (!go.load()) std::this_thread::yield();
                    try {
                        for (long i = 0;; ++i) {  // until it is refused
                            if (t == 0)
                                rt.go_blocking([&ran] { ran.fetch_add(1); });
                            else if (i % 16 == 0)
                                rt.go({.delay = 100us}, [&ran] { ran.fetch_add(1); });
                            else
                                rt.go([&ran] { ran.fetch_add(1); });
                            accepted.fetch_add(1);
                        }
                    } catch (hocket::no_runtime const&) {
                        refused.fetch_add(1);
                    }
                });
            go.store(true);
            std::this_thread::sleep_for(std::chrono::microseconds(200 * round));
            rt.shutdown();
            long const at_the_end = ran.load();
            for (std::thread& t : threads) t.join();
            CHECK(ran.load() == at_the_end);
            CHECK(accepted.load() == ran.load());
            CHECK(refused.load() == 3);
            check_clean(rt);
        }
    });
}

TEST_CASE("shutdown: while another thread is in run()") {
    for_worker_counts([](unsigned workers) {
        for (int round = 0; round < 20; ++round) {
            std::atomic<bool> running{false};
            std::atomic<int> done{0};
            runtime rt{observed({.workers = workers, .blocking_workers = 1})};
            std::thread runner([&] {
                rt.run([&] {
                    running.store(true);
                    hocket::this_fiber::sleep_for(std::chrono::microseconds(100 * (round % 5)));
                    for (int i = 0; i < 10; ++i)
                        hocket::go([&done] {
                            hocket::this_fiber::yield();
                            done.fetch_add(1);
                        });
                    done.fetch_add(1);
                });
            });
            while (!running.load()) std::this_thread::yield();
            rt.shutdown();
            CHECK(done.load() == 11);
            runner.join();
            check_clean(rt);
        }
    });
}

TEST_CASE("shutdown: a fiber of one runtime may shut another down") {
    runtime outer{observed({.workers = 2, .blocking_workers = 1})};
    std::atomic<int> done{0};
    outer.run([&done] {
        hocket::blocking([&done] {
            runtime inner{observed({.workers = 2, .blocking_workers = 1})};
            for (int i = 0; i < 10; ++i) inner.go([&done] { done.fetch_add(1); });
            inner.shutdown();
        });
    });
    CHECK(done.load() == 10);
    check_clean(outer);
}

TEST_CASE("request_stop: reaches every task that asks for its token") {
    for_worker_counts([](unsigned workers) {
        runtime rt{observed({.workers = workers, .blocking_workers = 1})};
        std::atomic<int> begun{0}, stopped{0};
        for (int i = 0; i < 4; ++i)
            rt.go([&] {
                std::stop_token const token = hocket::this_fiber::get_stop_token();
                begun.fetch_add(1);
                while (!token.stop_requested()) hocket::this_fiber::sleep_for(200us);
                stopped.fetch_add(1);
            });
        rt.go([&] {
            hocket::fiber f([&](std::stop_token token) {  // one that has a token of its own
                begun.fetch_add(1);
                while (!token.stop_requested() && !hocket::this_fiber::get_stop_token().stop_requested())
                    hocket::this_fiber::sleep_for(200us);
                stopped.fetch_add(1);
            });
            f.detach();
        });
        rt.start();
        while (begun.load() != 5) std::this_thread::sleep_for(100us);
        CHECK(stopped.load() == 0);
        rt.request_stop();
        rt.shutdown();
        CHECK(stopped.load() == 5);
        check_clean(rt);
    });
}

TEST_CASE("stats: count what was done") {
    for_worker_counts([](unsigned workers) {
        runtime rt{observed({.workers = workers, .blocking_workers = 3, .seed = 77})};
        CHECK(rt.stats().seed == 77);
        CHECK(rt.stats().workers == workers);
        CHECK(rt.stats().blocking_workers == 3);
        CHECK(rt.stats().context != hocket::context_backend::automatic);
        rt.run([&rt] {
            for (int i = 0; i < 10; ++i) hocket::go([] { hocket::this_fiber::sleep_for(20ms); });
            while (rt.stats().timers != 10) hocket::this_fiber::yield();
            CHECK(rt.stats().live == 11);
            CHECK(rt.stats().stacks_in_use >= 10);
            hocket::this_fiber::arena().allocate(5000);
            CHECK(rt.stats().arena_bytes >= 5000);
        });
        rt.shutdown();
        CHECK(rt.stats().spawned == 11);
        CHECK(rt.stats().completed == 11);
        CHECK(rt.stats().suspensions >= 10);
        check_clean(rt);
    });
}

TEST_CASE("an idle runtime uses no CPU") {
    auto cpu_time = [] {
        rusage u{};
        getrusage(RUSAGE_SELF, &u);
        return std::chrono::seconds(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
               std::chrono::microseconds(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
    };
    for_worker_counts([&](unsigned workers) {
        hocket::counting_semaphore<> gate(0);
        runtime rt{observed({.workers = workers, .blocking_workers = 2})};
        rt.start();
        rt.run([] {  // everybody has been busy
            std::vector<hocket::fiber> all;
            for (int i = 0; i < 50; ++i) all.emplace_back([] { hocket::blocking([] {}); });
        });
        for (int i = 0; i < 4; ++i) rt.go([&gate] { static_cast<void>(gate.try_acquire_for(10min)); });
        while (rt.stats().timers != 4) std::this_thread::sleep_for(1ms);
        std::this_thread::sleep_for(50ms);
        auto const before = cpu_time();
        std::this_thread::sleep_for(300ms);
        CHECK(cpu_time() - before < 15ms);
        CHECK(rt.stats().timers == 4);
        gate.release(4);
        rt.shutdown();
        check_clean(rt);
    });
}
