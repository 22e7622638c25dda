// AsyncThreads: the contract, call by call, on runners that tick in real time.
#include <doctest/doctest.h>

#include <hocket/this_fiber.hpp>
#include <stdexcept>

#include "async_support.hpp"

using namespace support;
using audio::async_thread;

TEST_CASE("start calls the action at every tick, stop ends that; both may be repeated") {
    std::atomic<int> calls{0};
    rig r;
    host& h = load_host(r);
    CHECK_FALSE(h.async.is_enabled());
    h.async.start([&] { ++calls; });
    h.async.start();
    h.async.start();
    CHECK(h.async.is_enabled());
    CHECK(eventually([&] { return calls >= 10; }));
    h.async.stop();
    h.async.stop();
    CHECK_FALSE(h.async.is_enabled());
    h.async.quiesce();
    int const now = calls;
    std::this_thread::sleep_for(20ms);
    CHECK(calls == now);
    CHECK(h.async.calls() == static_cast<std::uint64_t>(now));
    h.async.start();
    CHECK(eventually([&] { return calls > now; }));
}

TEST_CASE("ticks are half a millisecond apart, counted from the end of a pass") {
    std::atomic<int> calls{0};
    rig r;
    host& h = load_host(r);
    auto const begin = std::chrono::steady_clock::now();
    h.async.start([&] { ++calls; });
    CHECK(eventually([&] { return calls >= 100; }));
    CHECK(std::chrono::steady_clock::now() - begin >= 99 * 500us);
}

TEST_CASE("run_once is counted: requests made while the action runs are not lost") {
    std::atomic<int> calls{0};
    rig r;
    host& h = load_host(r);
    gate g;
    h.async.start([&] {
        if (++calls == 1) g.pass();
    });
    h.async.stop();
    h.async.quiesce();
    calls = 0;
    for (int i = 0; i < 80; ++i) {
        h.async.run_once();
        if (i == 0) CHECK(eventually([&] { return g.entered.load(); }));
    }
    g.open = true;
    CHECK(eventually([&] { return !h.async.is_enabled(); }));
    CHECK(calls == 80);
}

TEST_CASE("a hundred thousand requests from one thread are a hundred thousand calls") {
    std::atomic<int> calls{0};
    rig r;
    host& h = load_host(r);
    h.async.start([&] { ++calls; });
    h.async.stop();
    h.async.quiesce();
    calls = 0;
    for (int i = 0; i < 100'000; ++i) h.async.run_once();
    CHECK(eventually([&] { return !h.async.is_enabled(); }));
    CHECK(calls == 100'000);
}

TEST_CASE("a periodic action stays periodic after run_once") {
    std::atomic<int> calls{0};
    rig r;
    host& h = load_host(r);
    h.async.start([&] { ++calls; });
    h.async.run_once();
    CHECK(eventually([&] { return calls >= 20; }));
    CHECK(h.async.is_enabled());
}

TEST_CASE("is_enabled is true while a requested call is pending and while it runs") {
    gate g;
    rig r;
    host& h = load_host(r);
    r.engine.pause();
    h.async.start([&] { g.pass(); });
    h.async.stop();
    h.async.run_once();
    CHECK(h.async.is_enabled());
    r.engine.resume();
    CHECK(eventually([&] { return g.entered.load(); }));
    CHECK(h.async.is_enabled());
    g.open = true;
    CHECK(eventually([&] { return !h.async.is_enabled(); }));
    CHECK(g.passed == 1);
}

TEST_CASE("stop lets a running action complete; start and stop never wait for it; quiesce does") {
    gate g;
    rig r;
    host& h = load_host(r);
    h.async.start([&] { g.pass(); });
    CHECK(eventually([&] { return g.entered.load(); }));
    // The action stands still until `open`: any of these that waited for it would never return.
    h.async.stop();
    h.async.start();
    h.async.run_once();
    h.async.stop();
    CHECK(g.passed == 0);
    std::thread opener([&] {
        std::this_thread::sleep_for(20ms);
        g.open = true;
    });
    h.async.quiesce();
    CHECK(g.passed == 1);
    opener.join();
    std::this_thread::sleep_for(10ms);
    CHECK(g.passed == 1);
}

TEST_CASE("an empty action is an error with a sentence, not a crash") {
    CHECK_THROWS_WITH_AS(async_thread(std::function<void()>()), "an AsyncThread was given an empty action",
                         std::invalid_argument);
    log_capture log;
    rig r;
    host& h = load_host(r);
    h.async.start();
    CHECK(eventually([&] { return h.async.failures() == 1; }));
    CHECK_FALSE(h.async.is_enabled());
    h.async.start(std::function<void()>());
    CHECK(eventually([&] { return h.async.failures() == 2; }));
    CHECK(h.async.calls() == 0);
    std::atomic<int> calls{0};
    h.async.start([&] { ++calls; });
    CHECK(eventually([&] { return calls >= 2; }));
    r.engine.release();
    CHECK(log.text().find("'module 1 (host) thread 0' was started without an action; it is stopped") !=
          std::string::npos);
}

TEST_CASE("what an action throws is contained, logged with module and thread, and counted") {
    log_capture log;
    std::atomic<int> calls{0};
    rig r;
    host& h = load_host(r);
    h.async.start([&] {
        if (++calls % 2 == 0) throw std::runtime_error("the disk is gone");
        if (calls == 5) throw 5;
    });
    CHECK(eventually([&] { return calls >= 20; }));
    CHECK(h.async.is_enabled());
    h.async.stop();
    h.async.quiesce();
    CHECK(h.async.calls() == static_cast<std::uint64_t>(calls));
    CHECK(h.async.failures() == static_cast<std::uint64_t>(calls / 2 + 1));
    auto const stats = r.engine.stats();
    REQUIRE(stats.async_threads.size() == 1);
    CHECK(stats.async_threads[0].module == 1);
    CHECK(stats.async_threads[0].name == "module 1 (host) thread 0");
    CHECK(stats.async_failures == h.async.failures());
    r.engine.release();
    CHECK(log.text().find("an action of 'module 1 (host) thread 0' threw: the disk is gone (failure 1)") !=
          std::string::npos);
}

TEST_CASE("an action is replaced while it runs; each of its captures is destroyed exactly once") {
    auto const token = std::make_shared<int>(0);
    static std::atomic<long> wrong, calls;
    wrong = calls = 0;
    {
        rig r;
        host& h = load_host(r);
        for (int i = 0; i < 2000; ++i) {
            h.async.start([token, i] {
                ++calls;
                wrong += *token != 0 || i < 0;
            });
            if (i % 16 == 0) std::this_thread::sleep_for(300us);
        }
        long const now = calls;
        CHECK(eventually([&] { return calls >= now + 3; }));
        CHECK(token.use_count() <= 5);
    }
    CHECK(token.use_count() == 1);
    CHECK(wrong == 0);
}

TEST_CASE("a call that is under way ends with the action it began with") {
    rig r;
    host& h = load_host(r);
    auto g = std::make_unique<gate>();
    std::atomic<int> second{0};
    h.async.start([p = g.get()] { p->pass(); });
    CHECK(eventually([&] { return g->entered.load(); }));
    h.async.start([&] { ++second; });
    std::this_thread::sleep_for(5ms);
    CHECK(second == 0);
    g->open = true;
    CHECK(eventually([&] { return second >= 3; }));
    CHECK(g->passed == 1);
}

TEST_CASE("an action's arena is reset after every call, its objects destroyed") {
    static std::atomic<int> destroyed, calls, used;
    destroyed = calls = used = 0;
    struct noisy {
        ~noisy() { ++destroyed; }
    };
    rig r;
    host& h = load_host(r);
    h.async.start([] {
        auto& memory = hocket::this_fiber::arena();
        if (memory.used() != 0) ++used;
        memory.make<noisy>();
        memory.make_span<int>(100'000);
        ++calls;
    });
    CHECK(eventually([] { return calls >= 20; }));
    h.async.stop();
    h.async.quiesce();
    CHECK(used == 0);
    CHECK(destroyed == calls);
}
