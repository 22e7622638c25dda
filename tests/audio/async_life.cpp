// AsyncThreads: when they may run and when not: loading, pausing, destruction, neighbours.
#include <doctest/doctest.h>

#include <hocket/go.hpp>
#include <hocket/this_fiber.hpp>

#include "async_support.hpp"

using namespace support;
using audio::async_thread;

TEST_CASE("no action runs before its module has been built and loaded") {
    static std::atomic<bool> loaded, early;
    loaded = early = false;
    static std::atomic<int> calls;
    calls = 0;
    struct slow : quiet {
        async_thread async{[] {
            if (!loaded) early = true;
            ++calls;
        }};
        slow() {
            async.start();
            async.run_once();
            std::this_thread::sleep_for(20ms);
        }
        void set_samplerate(float) override { std::this_thread::sleep_for(20ms); }
        void load_state(std::string_view) override {
            std::this_thread::sleep_for(20ms);
            loaded = true;
        }
    };
    rig r;
    audio::patch p("slow");
    p.set_state(p.add<slow>("slow"), "");
    r.load(p);
    CHECK(eventually([] { return calls >= 3; }));
    CHECK_FALSE(early);
}

TEST_CASE("the destructor waits until the running action has completed") {
    struct dynamic : quiet {
        std::unique_ptr<async_thread> async = std::make_unique<async_thread>(this);
    };
    rig r;
    audio::patch p("destroy");
    p.add<dynamic>("dynamic");
    r.load(p);
    auto& d = r.engine.at<dynamic>(1);
    gate g;
    d.async->start([&] { g.pass(); });
    CHECK(eventually([&] { return g.entered.load(); }));
    std::thread opener([&] {
        std::this_thread::sleep_for(20ms);
        g.open = true;
    });
    d.async.reset();
    CHECK(g.passed == 1);
    opener.join();
    std::this_thread::sleep_for(10ms);
    CHECK(g.passed == 1);
    // One made while audio runs works like those made with the module.
    d.async = std::make_unique<async_thread>(&d, [&] { ++g.passed; });
    d.async->start();
    CHECK(eventually([&] { return g.passed >= 5; }));
}

TEST_CASE("a hundred AsyncThreads of one module all run") {
    static std::atomic<unsigned> calls[100];
    for (auto& c : calls) c = 0;
    struct many : quiet {
        std::vector<std::unique_ptr<async_thread>> threads;
        many() {
            for (auto& c : calls) {
                threads.push_back(std::make_unique<async_thread>(this, [&c] { ++c; }));
                threads.back()->start();
            }
        }
    };
    rig r;
    audio::patch p("many");
    p.add<many>("many");
    r.load(p);
    CHECK(eventually([] { return std::all_of(std::begin(calls), std::end(calls), [](auto& c) { return c >= 3; }); }));
}

TEST_CASE("at most max_concurrent actions execute, and of one module never two, suspended or not") {
    static std::atomic<int> executing, most;
    static std::atomic<bool> two_of_one;
    executing = most = 0;
    two_of_one = false;
    struct busy : quiet {
        std::atomic<int> inside{0};
        std::atomic<int> calls{0};
        async_thread a{[this] { work(); }}, b{[this] { work(); }}, c{[this] { work(); }};
        busy() {
            for (async_thread* t : {&a, &b, &c}) t->start();
        }
        void work() {
            if (++inside != 1) two_of_one = true;
            int const n = ++executing;
            for (int m = most; n > m && !most.compare_exchange_weak(m, n);) {
            }
            std::this_thread::sleep_for(200us);
            --executing;
            hocket::this_fiber::sleep_for(300us);  // suspended: does not execute, but bars its module
            --inside;
            ++calls;
        }
    };
    for (unsigned const limit : {1u, 2u}) {
        most = 0;
        rig r(make_pool(limit));
        audio::patch p("busy");
        for (int i = 0; i < 6; ++i) p.add<busy>("busy");
        r.load(p);
        for (unsigned i = 1; i <= 6; ++i)
            CHECK(eventually([&] { return r.engine.at<busy>(i).calls >= 9; }));
        CHECK(most == static_cast<int>(limit));
    }
    CHECK_FALSE(two_of_one);
}

TEST_CASE("a suspended action lets its neighbours go on") {
    static std::atomic<int> calls;
    calls = 0;
    static std::atomic<bool> sleeping, done;
    sleeping = done = false;
    struct sleeper : quiet {
        async_thread async{[] {
            sleeping = true;
            // Ends only when the neighbour, on the same runner, has been called meanwhile.
            while (calls < 20) hocket::this_fiber::sleep_for(1ms);
            hocket::blocking([] { std::this_thread::sleep_for(1ms); });
            done = true;
        }};
        sleeper() { async.run_once(); }
    };
    struct neighbour : quiet {
        async_thread async{[] {
            if (sleeping) ++calls;
        }};
        neighbour() { async.start(); }
    };
    rig r(make_pool(1));
    audio::patch p("suspend");
    p.add<sleeper>("sleeper");
    p.add<neighbour>("neighbour");
    r.load(p);
    CHECK(eventually([] { return done.load(); }));
}

TEST_CASE("pause returns only when no action runs, and none begins until resume; requests are kept") {
    std::atomic<int> inside{0}, calls{0};
    rig r;
    host& h = load_host(r);
    h.async.start([&] {
        ++inside;
        std::this_thread::sleep_for(300us);
        hocket::this_fiber::sleep_for(300us);
        ++calls;
        --inside;
    });
    for (int i = 0; i < 50; ++i) {
        int const before = calls;
        CHECK(eventually([&] { return calls > before; }));
        r.engine.pause();
        CHECK(inside == 0);
        int const now = calls;
        std::this_thread::sleep_for(1ms);
        CHECK(calls == now);
        r.engine.resume();
    }
    r.engine.pause();
    h.async.stop();
    int const now = calls;
    for (int i = 0; i < 3; ++i) h.async.run_once();
    std::this_thread::sleep_for(5ms);
    CHECK(calls == now);
    r.engine.resume();
    CHECK(eventually([&] { return !h.async.is_enabled(); }));
    CHECK(calls == now + 3);
}

TEST_CASE("an action that waited for its module's turn when the pause came does not run in it") {
    struct pair : quiet {
        async_thread first{this};
        async_thread second{this};
    };
    rig r;
    audio::patch p("pair");
    p.add<pair>("pair");
    r.load(p);
    auto& both = r.engine.at<pair>(1);
    std::atomic<bool> entered{false}, open{false};
    std::atomic<int> calls{0};
    both.first.start([&] {
        entered = true;
        while (!open) hocket::this_fiber::sleep_for(100us);  // suspended, so that the runner ticks
    });
    CHECK(eventually([&] { return entered.load(); }));
    both.second.start([&] { ++calls; });
    std::this_thread::sleep_for(20ms);
    CHECK(calls == 0);
    std::thread opener([&] {
        std::this_thread::sleep_for(20ms);
        open = true;
    });
    r.engine.pause();
    std::this_thread::sleep_for(5ms);
    CHECK(calls == 0);
    r.engine.resume();
    CHECK(eventually([&] { return calls >= 2; }));
    opener.join();
}

TEST_CASE("the engine goes on while an action that did not end in time is under way, and more calls of it wait") {
    rig r;
    host& h = load_host(r);
    std::atomic<int> calls{0}, allowed{0};
    // It spins, so that it learns of nothing by a lock.
    h.async.start([&] {
        int const mine = calls.fetch_add(1, std::memory_order_relaxed);
        while (allowed.load(std::memory_order_relaxed) <= mine) {
        }
    });
    CHECK(eventually([&] { return calls == 1; }));
    h.async.stop();
    for (int i = 0; i < 4; ++i) h.async.run_once();
    allowed = 1;
    CHECK(eventually([&] { return calls == 2; }));  // the first of a pass of four
    CHECK(r.engine.pause(1ms).size() == 1);
    r.engine.resume();
    allowed.store(100, std::memory_order_relaxed);
    CHECK(eventually([&] { return calls == 5; }));
    r.engine.pause();
}

TEST_CASE("runners go on after patches have come and gone") {
    std::atomic<int> calls{0};
    rig r;
    for (int i = 0; i < 30; ++i) {
        host& h = load_host(r);
        calls = 0;
        h.async.start([&] { ++calls; });
        CHECK(eventually([&] { return calls >= 2; }));
    }
}

TEST_CASE("destroying one AsyncThread leaves its neighbours with their own actions") {
    struct numbered : quiet {
        std::vector<std::unique_ptr<async_thread>> threads;
        std::atomic<unsigned> seen[8]{};
        numbered() {
            for (auto& s : seen) {
                threads.push_back(std::make_unique<async_thread>(this, [&s] { ++s; }));
                threads.back()->start();
            }
        }
    };
    rig r;
    audio::patch p("numbered");
    p.add<numbered>("numbered");
    r.load(p);
    auto& n = r.engine.at<numbered>(1);
    for (std::size_t gone = 0; gone < 7; ++gone) {
        CHECK(eventually([&] { return n.seen[7] > 2 * (gone + 1); }));
        n.threads[gone].reset();
        unsigned const last = n.seen[gone];
        unsigned const other = n.seen[gone + 1];
        CHECK(eventually([&] { return n.seen[gone + 1] > other + 2; }));
        CHECK(n.seen[gone] == last);
    }
}

TEST_CASE("modules are destroyed while their actions run: none touches what is gone") {
    static std::atomic<int> alive, after_death;
    alive = after_death = 0;
    // As module authors write it: the AsyncThread first, what it uses after it, so destroyed before it.
    struct careless : quiet {
        async_thread async{[this] { use(); }};
        std::vector<int> data = std::vector<int>(64, 1);
        std::unique_ptr<int> last = std::make_unique<int>(7);
        bool dead = false;
        careless() {
            ++alive;
            async.start();
        }
        ~careless() override {
            dead = true;
            std::this_thread::yield();
            --alive;
        }
        void use() {
            for (int i = 0; i < 20; ++i) {
                if (dead || *last != 7) ++after_death;
                for (int const x : data) after_death += x != 1;
            }
            hocket::this_fiber::sleep_for(500us);  // so that nearly always one is under way
            if (dead) ++after_death;
        }
    };
    rig r;
    audio::patch p("careless");
    for (int i = 0; i < 4; ++i) p.add<careless>("careless");
    for (int i = 0; i < 100; ++i) {
        r.load(p);
        CHECK(eventually([&] { return r.engine.stats().async_calls >= 4; }));
    }
    r.engine.unload();
    CHECK(alive == 0);
    CHECK(after_death == 0);
}

TEST_CASE("ids differ, are known in the constructor, and name the module to a later AsyncThread") {
    static std::vector<std::uint32_t> ids;
    ids.clear();
    struct known : quiet {
        known() { ids.push_back(id); }
    };
    rig r;
    audio::patch p("ids");
    for (int i = 0; i < 50; ++i) p.add<known>("known");
    r.load(p);
    std::sort(ids.begin(), ids.end());
    CHECK(ids.size() == 50);
    CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
    CHECK(ids.front() != 0);

    std::atomic<int> calls{0};
    async_thread late([&] { ++calls; });
    late.start();
    std::this_thread::sleep_for(5ms);
    CHECK(calls == 0);
    CHECK_FALSE(late.attach(0));
    CHECK(late.attach(r.engine.at(7).id));
    CHECK(eventually([&] { return calls >= 3; }));
    r.engine.unload();
    int const now = calls;
    std::this_thread::sleep_for(5ms);
    CHECK(calls == now);
}

TEST_CASE("nothing ticks while audio is paused, or when there is no AsyncThread") {
    auto const pool = make_pool();
    rig r(pool);
    auto const busy = [&] {
        std::this_thread::sleep_for(20ms);
        auto const before = pool->stats().runtime.suspensions;
        std::this_thread::sleep_for(100ms);
        return pool->stats().runtime.suspensions - before;
    };
    audio::patch none("none");
    none.add<quiet>("quiet");
    r.load(none);
    CHECK(busy() < 10);
    host& h = load_host(r);
    h.async.start([] {});
    CHECK(busy() > 20);
    r.engine.pause();
    CHECK(busy() < 10);
    r.engine.resume();
    CHECK(busy() > 20);
}

TEST_CASE("two engines share the pool of the process") {
    auto const pool = audio::runner_pool::shared();
    CHECK(pool == audio::runner_pool::shared());
    std::atomic<int> one{0}, two{0};
    rig a(nullptr), b(nullptr);
    host& x = load_host(a);
    host& y = load_host(b);
    x.async.start([&] { ++one; });
    y.async.start([&] { ++two; });
    CHECK(eventually([&] { return one >= 5 && two >= 5; }));
    a.engine.pause();
    int const paused = one, other = two;
    CHECK(eventually([&] { return two >= other + 5; }));
    CHECK(one == paused);
}

TEST_CASE("a module without an engine: its AsyncThreads never run, and its end waits for nothing") {
    std::atomic<int> calls{0};
    {
        host h;
        h.async.start([&] { ++calls; });
        h.async.run_once();
        std::this_thread::sleep_for(5ms);
        CHECK(h.async.is_enabled());
        h.async.quiesce();
    }
    CHECK(calls == 0);
}
