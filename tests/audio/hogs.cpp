// Actions that take long: their neighbours go on, and never do more than max_concurrent execute.
#include <doctest/doctest.h>

#include <hocket/go.hpp>
#include <hocket/parallel.hpp>
#include <hocket/this_fiber.hpp>
#include <random>

#include "async_support.hpp"

using namespace support;
using audio::async_thread;

TEST_CASE("the neighbours of an action that neither returns nor suspends go on") {
    static std::atomic<bool> inside, done;
    static std::atomic<int> calls[6];
    inside = done = false;
    for (auto& c : calls) c = 0;
    struct hog : quiet {
        // Until each of the others, half of them on its runner, has been called 20 times meanwhile.
        async_thread async{[] {
            inside = true;
            CHECK(eventually([] { return std::ranges::all_of(calls, [](auto& c) { return c >= 20; }); }));
            done = true;
        }};
        hog() { async.run_once(); }
    };
    struct neighbour : quiet {
        explicit neighbour(std::atomic<int>* c) : count(c) { async.start(); }
        std::atomic<int>* count;
        async_thread async{[this] {
            if (inside) ++*count;
        }};
    };
    auto const pool = make_pool(2);
    rig r(pool);
    audio::patch p("hog");
    p.add<hog>("hog");
    for (auto& c : calls) p.add<neighbour>("neighbour", &c);
    r.load(p);
    CHECK(eventually([] { return done.load(); }));
    CHECK(pool->stats().moves >= 1);
    r.engine.unload();
}

TEST_CASE("an action stays on its thread from start to end, whatever its runner does") {
    static std::atomic<bool> wandered;
    static std::atomic<int> calls;
    wandered = false;
    calls = 0;
    struct traveller : quiet {
        async_thread async{[] {
            auto const before = std::this_thread::get_id();
            for (int i = 0; i < 3; ++i) {
                std::this_thread::sleep_for(1ms);
                hocket::this_fiber::sleep_for(300us);
                if (std::this_thread::get_id() != before) wandered = true;
            }
            ++calls;
        }};
        traveller() { async.start(); }
    };
    struct hog : quiet {
        async_thread async{[] { std::this_thread::sleep_for(5ms); }};
        hog() { async.start(); }
    };
    rig r;
    audio::patch p("travel");
    for (int i = 0; i < 3; ++i) p.add<traveller>("traveller"), p.add<hog>("hog");
    r.load(p);
    CHECK(eventually([] { return calls >= 10; }));
    CHECK_FALSE(wandered);
}

TEST_CASE("when overruns hold all permits the others wait, and statistics name the holders") {
    gate g, h;
    std::atomic<int> third{0};
    auto const pool = make_pool(2);
    rig r(pool);
    audio::patch p("full");
    for (char const* const name : {"x", "y", "z", "w"}) p.add<host>(name);
    r.load(p);
    CHECK(pool->stats().executing.empty());
    r.engine.at<host>(1).async.start([&] { g.pass(); });
    r.engine.at<host>(2).async.start([&] { h.pass(); });
    CHECK(eventually([&] { return g.entered && h.entered; }));
    for (unsigned const n : {3u, 4u}) r.engine.at<host>(n).async.start([&] { ++third; });
    std::this_thread::sleep_for(20ms);
    CHECK(third == 0);
    auto const executing = pool->stats().executing;
    REQUIRE(executing.size() == 2);
    CHECK(executing[0].held >= executing[1].held);
    std::vector<std::string> names{executing[0].name, executing[1].name};
    std::ranges::sort(names);
    CHECK(names == std::vector<std::string>{"module 1 (x) thread 0", "module 2 (y) thread 0"});
    r.engine.at<host>(1).async.stop();
    g.open = true;
    CHECK(eventually([&] { return third >= 10; }));
    h.open = true;
    CHECK(pool->stats().most_at_once == 2);
}

TEST_CASE("what waits for a permit when stop() comes, or a pause, is not called") {
    gate g, h;
    std::atomic<int> third{0};
    auto const pool = make_pool(2);
    rig r(pool);
    audio::patch p("waiting");
    for (char const* const name : {"x", "y", "z"}) p.add<host>(name);
    r.load(p);
    // Its runner has moved when the other one's action takes the second permit: so there is a worker for z to wait on.
    r.engine.at<host>(1).async.start([&] { g.pass(); });
    CHECK(eventually([&] { return pool->stats().moves >= 1; }));
    r.engine.at<host>(2).async.start([&] { h.pass(); });
    CHECK(eventually([&] { return g.entered && h.entered; }));
    auto& z = r.engine.at<host>(3).async;
    z.start([&] { ++third; });
    std::this_thread::sleep_for(20ms);
    SUBCASE("stop") {
        z.stop();
        g.open = h.open = true;
        CHECK(eventually([&] { return g.passed >= 3 && h.passed >= 3; }));
        CHECK(third == 0);
        CHECK_FALSE(z.is_enabled());
    }
    SUBCASE("pause; the request stays") {
        z.stop();
        z.run_once();
        CHECK(r.engine.pause(1ms).size() >= 2);
        g.open = h.open = true;
        CHECK(r.engine.pause().empty());
        CHECK(third == 0);
        CHECK(z.is_enabled());
        r.engine.resume();
        CHECK(eventually([&] { return third == 1; }));
    }
}

TEST_CASE("work that an action divides holds no permit of its own, and gives none back") {
    static std::atomic<long> pieces;
    pieces = 0;
    struct divider : quiet {
        async_thread async{this, [] {
            hocket::parallel_for(0, 16, 1, [](int i) {
                if (i % 3 == 0) hocket::this_fiber::sleep_for(100us);
                if (i % 5 == 0) hocket::parallel_invoke([] { hocket::this_fiber::yield(); }, [] { ++pieces; });
                ++pieces;
            });
        }};
        divider() { async.start(); }
    };
    auto const pool = make_pool(2);
    rig r(pool);
    audio::patch p("divide");
    for (int i = 0; i < 4; ++i) p.add<divider>("divider");
    auto const begin = std::chrono::steady_clock::now();
    r.load(p);
    CHECK(eventually([&] { return r.engine.stats().async_calls >= 200; }));
    r.engine.pause();
    auto const took = std::chrono::steady_clock::now() - begin;
    std::chrono::nanoseconds run{0};
    long calls = 0;
    for (auto const& t : r.engine.stats().async_threads) run += t.run, calls += static_cast<long>(t.calls);
    CHECK(run < 2 * took);
    CHECK(pieces == calls * 20);
    CHECK(pool->stats().most_at_once <= 2);
    CHECK(pool->stats().executing.empty());
}

TEST_CASE("a suspended action has no permit, and takes one again before it goes on") {
    gate g, h;
    std::atomic<bool> slept{false};
    std::atomic<int> calls{0};
    rig r(make_pool(2));
    audio::patch p("permits");
    for (int i = 0; i < 4; ++i) p.add<host>("host");
    r.load(p);
    std::atomic<bool> asleep{false};
    r.engine.at<host>(1).async.start([&] {
        asleep = true;
        while (!g.entered || !h.entered) hocket::this_fiber::sleep_for(200us);
        hocket::this_fiber::sleep_for(5ms);
        slept = true;
    });
    CHECK(eventually([&] { return asleep.load(); }));
    // Both permits are to be had though one action is under way; then it waits for one of them.
    r.engine.at<host>(2).async.start([&] { g.pass(); });
    r.engine.at<host>(3).async.start([&] { h.pass(); });
    CHECK(eventually([&] { return g.entered && h.entered; }));
    std::this_thread::sleep_for(20ms);
    CHECK_FALSE(slept);
    g.open = h.open = true;
    CHECK(eventually([&] { return slept.load(); }));
    r.engine.at<host>(4).async.start([&] { ++calls; });
    CHECK(eventually([&] { return calls >= 3; }));
}

TEST_CASE("hogs, suspensions and destroys: two actions at most execute, of one module never two under way") {
    static std::atomic<int> executing, most;
    static std::atomic<bool> two_of_one;
    static std::atomic<long> calls;
    executing = most = 0, calls = 0;
    two_of_one = false;
    struct member : quiet {
        explicit member(int n) : random(static_cast<unsigned>(n)) {
            a.start(), b.start();
        }
        void execute(std::chrono::microseconds d) {
            int const n = ++executing;
            for (int m = most; n > m && !most.compare_exchange_weak(m, n);) {
            }
            std::this_thread::sleep_for(d);
            --executing;
        }
        void act() {
            if (++under_way != 1) two_of_one = true;
            unsigned const kind = random() % 8;
            execute(kind == 0 ? 8ms : 100us);
            if (kind % 2 == 1) {
                hocket::this_fiber::sleep_for(300us);
                execute(100us);
            }
            if (kind == 2) hocket::blocking([] { std::this_thread::sleep_for(1ms); });
            --under_way;
            ++calls;
        }
        std::atomic<int> under_way{0};
        std::minstd_rand random;
        async_thread a{this, [this] { act(); }}, b{this, [this] { act(); }};
    };
    auto const pool = make_pool(2);
    rig r(pool);
    audio::patch p("mixed");
    for (int i = 0; i < 8; ++i) p.add<member>("member", i);
    r.load(p);
    for (int round = 0; round < 20; ++round) {
        long const before = calls;
        CHECK(eventually([&] { return calls >= before + 20; }));
        auto q = r.engine.current();
        unsigned const victim = static_cast<unsigned>(round) % 8 + 1;
        q.replace<member>(victim, "member", static_cast<int>(victim - 1));
        r.engine.apply(q);
    }
    CHECK(most == 2);
    CHECK(pool->stats().most_at_once == 2);
    CHECK_FALSE(two_of_one);
    r.engine.unload();
    CHECK(executing == 0);
    CHECK(pool->stats().executing.empty());
}

TEST_CASE("modules are given to another runner when their load is unequal") {
    // Of each four, the first and the third, which go to one runner, are busy.
    struct busy : quiet {
        async_thread async{[] {
            for (auto const end = std::chrono::steady_clock::now() + 300us; std::chrono::steady_clock::now() < end;) {
            }
        }};
        busy() { async.start(); }
    };
    auto const pool = make_pool(2);
    rig r(pool);
    audio::patch p("balance");
    for (int i = 0; i < 4; ++i) p.add<busy>("busy"), p.add<quiet>("quiet");
    r.load(p);
    CHECK(eventually([&] { return pool->stats().balanced >= 1; }));
    r.engine.unload();
}
