// Spawning: go, go_blocking, go_with, and what may be said of a task.
#include <hocket/go.hpp>
#include <hocket/mutex.hpp>
#include <hocket/testing.hpp>

#include <array>
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
#include "seed.hpp"

using namespace std::chrono_literals;
using namespace hocket::literals;
using hocket::runtime;
using hocket::testing::observed;

FIBER_TEST_CASE("go: braced, named and empty attributes, arguments by value", .workers = {1, 2, 4}) {
    hocket::counting_semaphore<> done(0);
    std::string text = "a text that is too long for the small buffer";
    hocket::go([&done] { done.release(); });
    hocket::go({}, [&done] { done.release(); });
    hocket::launch const named{.name = "named"};
    hocket::go(named, [&done] {
        CHECK(hocket::this_fiber::name() == "named");
        done.release();
    });
    hocket::go({.name = std::string("a temporary ") + "name"}, [&done] {
        hocket::this_fiber::yield();
        CHECK(hocket::this_fiber::name() == "a temporary name");
        done.release();
    });
    hocket::go(
        [&done](std::string copy, std::unique_ptr<int> moved, std::string& referred) {
            CHECK(copy == "a text that is too long for the small buffer");
            CHECK(*moved == 4);
            referred += "!";
            done.release();
        },
        text, std::make_unique<int>(4), std::ref(text));
    for (int i = 0; i < 5; ++i) done.acquire();
    CHECK(text.back() == '!');
    CHECK(hocket::this_fiber::name().empty());
}

FIBER_TEST_CASE("go: every task runs once, however many and however deep", .workers = {1, 2, 4}) {
    static std::atomic<int> ran;
    ran.store(0);
    struct node {
        int depth;
        void operator()() const {
            ran.fetch_add(1, std::memory_order_relaxed);
            if (depth == 0) return;
            hocket::go(node{depth - 1});
            if (depth % 3 == 0) hocket::this_fiber::yield();
            hocket::go(node{depth - 1});
        }
    };
    hocket::go(node{12});
    while (ran.load() != (1 << 13) - 1) hocket::this_fiber::sleep_for(100us);
    std::atomic<int> flat{0};
    for (int i = 0; i < 20'000; ++i) hocket::go([&flat] { flat.fetch_add(1); });
    while (flat.load() != 20'000) hocket::this_fiber::sleep_for(100us);
}

FIBER_TEST_CASE("go: a closure of any size and alignment ends once", .workers = {1, 2, 4}) {
    static std::atomic<int> live;
    live.store(0);
    struct guard {
        guard() { live.fetch_add(1); }
        guard(guard const&) { live.fetch_add(1); }
        ~guard() { live.fetch_sub(1); }
    };
    std::atomic<int> ran{0};
    struct alignas(256) aligned {
        char bytes[256] = {};
    };
    for (int i = 0; i < 50; ++i) {
        hocket::go([&ran, g = guard()] { ran.fetch_add(1); });
        hocket::go([&ran, g = guard(), a = std::array<char, 3000>()] { ran.fetch_add(a[7] == 0 ? 1 : 100); });
        hocket::go([&ran, g = guard(), a = aligned()] {
            ran.fetch_add(reinterpret_cast<std::uintptr_t>(&a) % 256 == 0 ? 1 : 100);
        });
    }
    while (ran.load() != 150) hocket::this_fiber::sleep_for(100us);
    while (live.load() != 0) hocket::this_fiber::yield();
}

TEST_CASE("go: outside a runtime it throws, with a sentence") {
    CHECK_THROWS_WITH_AS(hocket::go([] {}), doctest::Contains("outside a runtime"), hocket::no_runtime);
    CHECK_THROWS_WITH_AS(hocket::go({.name = "x"}, [] {}), doctest::Contains("outside a runtime"), hocket::no_runtime);
    CHECK_THROWS_AS(hocket::go_blocking([] {}), hocket::no_runtime);
    CHECK_THROWS_AS(hocket::go_with<int>([](int&) {}, 1), hocket::no_runtime);
    CHECK_THROWS_AS(static_cast<void>(hocket::async([] {})), hocket::no_runtime);
    CHECK_THROWS_AS(hocket::fiber([] {}), hocket::no_runtime);
    CHECK_THROWS_AS(hocket::this_fiber::arena(), hocket::no_runtime);
    static_assert(std::is_base_of_v<std::logic_error, hocket::no_runtime>);
}

FIBER_TEST_CASE("go: attributes out of range are refused with a sentence that names them, and cost nothing", .workers = {1, 2, 4}) {
    runtime& rt = hocket::testing::runtime_under_test();
    int const workers = static_cast<int>(rt.stats().workers);
    auto no = [] {};
    CHECK_THROWS_WITH_AS(hocket::go({.worker = workers}, no), doctest::Contains("launch::worker"), std::invalid_argument);
    CHECK_THROWS_WITH_AS(hocket::go({.worker = -2}, no), doctest::Contains("launch::worker"), std::invalid_argument);
    CHECK_THROWS_WITH_AS(rt.go({.worker = 1000}, no), doctest::Contains("1000"), std::invalid_argument);
    CHECK_THROWS_WITH_AS(hocket::go({.stack_size = 1}, no), doctest::Contains("launch::stack_size"), std::invalid_argument);
    CHECK_THROWS_WITH_AS(hocket::go({.stack_size = 9_MiB}, no), doctest::Contains("launch::stack_size"), std::invalid_argument);
    CHECK_THROWS_AS(hocket::fiber({.worker = 99}, no), std::invalid_argument);
    CHECK_THROWS_AS(static_cast<void>(hocket::async({.worker = 99}, no)), std::invalid_argument);
    hocket::fiber({.worker = workers - 1, .stack_size = 16_KiB}, no).join();
    hocket::fiber({.stack_size = 8_MiB}, no).join();
    hocket::fiber({.delay = -5s}, no).join();
}

FIBER_TEST_CASE("go: a closure that cannot be copied into the task leaves nothing behind", .workers = {1, 2}) {
    struct refuses {
        refuses() = default;
        refuses(refuses const&) { throw std::runtime_error("no copy"); }
        void operator()() const {}
    };
    refuses const r;
    auto const before = hocket::testing::runtime_under_test().stats().live;
    CHECK_THROWS_AS(hocket::go(r), std::runtime_error);
    CHECK_THROWS_AS(hocket::go({.name = "n", .delay = 1s, .stack_size = 128_KiB}, r), std::runtime_error);
    CHECK_THROWS_AS(hocket::testing::runtime_under_test().go_blocking(r), std::runtime_error);
    CHECK_THROWS_AS(static_cast<void>(hocket::async(r)), std::runtime_error);
    CHECK_THROWS_AS(hocket::fiber{r}, std::runtime_error);
    CHECK(hocket::testing::runtime_under_test().stats().live == before);
}

FIBER_TEST_CASE("go: a pinned task runs on its worker, and nowhere else, whatever it waits for", .workers = {1, 2, 4}) {
    runtime& rt = hocket::testing::runtime_under_test();
    int const workers = static_cast<int>(rt.stats().workers);
    hocket::mutex m;
    hocket::counting_semaphore<> s(0);
    std::atomic<int> wrong{0}, done{0};
    for (int w = 0; w < workers; ++w)
        for (int i = 0; i < 6; ++i)
            hocket::go({.delay = i % 2 == 0 ? 0ns : 500us, .worker = w, .stack_size = i == 3 ? 256_KiB : 0}, [&, w] {
                auto check = [&] { wrong.fetch_add(hocket::this_fiber::worker() != w ? 1 : 0); };
                check();
                for (int k = 0; k < 20; ++k) {
                    hocket::this_fiber::yield();
                    check();
                    m.lock();
                    check();
                    hocket::this_fiber::yield();
                    m.unlock();
                    hocket::this_fiber::sleep_for(20us);
                    check();
                    static_cast<void>(hocket::blocking([] { return 1; }));
                    check();
                    s.release();
                    s.acquire();
                    check();
                }
                done.fetch_add(1);
            });
    crowd noise;  // others, for the workers to steal from each other
    noise.fibers(8, [&](int) {
        while (done.load() != 6 * workers) {
            hocket::go([] {});
            hocket::this_fiber::yield();
            hocket::this_fiber::sleep_for(50us);
        }
    });
    noise.join();
    CHECK(done.load() == 6 * workers);
    CHECK(wrong.load() == 0);
}

FIBER_TEST_CASE("go: delayed tasks begin no earlier than they may, in the order of their times", .workers = {1, 2, 4}) {
    using clock = std::chrono::steady_clock;
    hocket::mutex m;
    std::vector<int> order;
    std::atomic<int> early{0};
    std::vector<hocket::fiber> all;
    for (int i = 5; i >= 0; --i) {
        auto const delay = std::chrono::milliseconds(20 * i);
        auto const begin = clock::now();
        all.emplace_back(hocket::launch{.name = "late", .delay = delay}, [&, i, delay, begin] {
            if (clock::now() - begin < delay) early.fetch_add(1);
            std::lock_guard const held(m);
            order.push_back(i);
        });
    }
    CHECK(hocket::testing::runtime_under_test().stats().timers == 5);
    for (hocket::fiber& f : all) f.join();
    CHECK(early.load() == 0);
    CHECK(order.size() == 6);
    CHECK(order.front() == 0);
}

FIBER_TEST_CASE("go: delayed blocking tasks run on the blocking pool", .workers = {1, 2}) {
    runtime& rt = hocket::testing::runtime_under_test();
    hocket::binary_semaphore done(0);
    hocket::go_blocking({.delay = 2ms}, [&] {
        CHECK(hocket::this_fiber::worker() >= static_cast<int>(rt.stats().workers));
        done.release();
    });
    done.acquire();
}

namespace {

// Uses about 4 KiB of stack for each level.
__attribute__((noinline)) std::size_t descend(std::size_t levels, bool suspends) {
    char volatile frame[4000];
    for (std::size_t i = 0; i < sizeof frame; i += 500) frame[i] = 1;
    if (suspends && levels % 64 == 0) hocket::this_fiber::yield();
    std::size_t const below = levels == 0 ? 0 : descend(levels - 1, suspends);
    return below + static_cast<std::size_t>(frame[500]);
}

}  // namespace

FIBER_TEST_CASE("go: a stack of its own size is there to be used", .workers = {1, 2, 4}) {
    std::vector<hocket::fiber> all;
    std::atomic<std::size_t> sum{0};
    for (int i = 0; i < 12; ++i)
        all.emplace_back(hocket::launch{.stack_size = 2_MiB}, [&sum, i] { sum.fetch_add(descend(256, i % 2 == 0)); });
    for (hocket::fiber& f : all) f.join();
    CHECK(sum.load() == 12 * 257);
    // They are used again, beside others and from every kind of place.
    std::atomic<int> done{0};
    crowd c;
    c.fibers(4, [&](int who) {
        for (int i = 0; i < 50; ++i) {
            hocket::fiber f({.stack_size = who % 2 == 0 ? 128_KiB : 300_KiB}, [&] {
                if (i % 3 == 0) hocket::this_fiber::sleep_for(10us);
                if (i % 3 == 1) hocket::this_fiber::yield();
                done.fetch_add(1);
            });
            f.join();
        }
    });
    c.join();
    CHECK(done.load() == 200);
    hocket::binary_semaphore blocking_done(0);
    hocket::go_blocking({.stack_size = 2_MiB}, [&] {
        CHECK(descend(256, true) == 257);
        blocking_done.release();
    });
    blocking_done.acquire();
}

TEST_CASE("go: from many foreign threads at once, nothing is lost and nobody sleeps over it") {
    std::uint64_t const seed = test_seed("foreign submissions");
    for_worker_counts([seed](unsigned workers) {
        runtime rt{observed({.workers = workers, .blocking_workers = 2})};
        rt.start();
        std::vector<std::thread> threads;
        std::atomic<int> late{0};
        for (std::uint64_t t = 0; t < 3; ++t)
            threads.emplace_back([&, t] {
                random_stream random(seed, workers * 16 + t);
                for (int i = 0; i < 150; ++i) {
                    hocket::binary_semaphore done(0);
                    std::uint64_t const kind = random.below(4);
                    auto const work = [&done] { done.release(); };
                    if (kind == 0)
                        rt.go_blocking(work);
                    else if (kind == 1)
                        rt.go({.worker = static_cast<int>(random.below(workers))}, work);
                    else if (kind == 2)
                        rt.go({.delay = std::chrono::microseconds(random.below(200))}, work);
                    else
                        rt.go(work);
                    // A lost wake would leave it waiting for ever.
                    if (!done.try_acquire_for(20s)) {
                        late.fetch_add(1);
                        done.acquire();
                    }
                    if (random.below(3) == 0) std::this_thread::sleep_for(std::chrono::microseconds(random.below(250)));
                }
            });
        for (std::thread& t : threads) t.join();
        CHECK(late.load() == 0);
        rt.shutdown();
        check_clean(rt);
    });
}

TEST_CASE("go: with few stacks fresh tasks wait, suspended ones go on, nothing is lost, and one line tells of it") {
    for_worker_counts([](unsigned workers) {
        std::atomic<int> lines{0};
        auto options = observed({.workers = workers,
                                 .blocking_workers = 1,
                                 .max_stacks = 2 * (std::size_t{workers} + 1) + 3,
                                 .logger = [&lines](hocket::log_level level, std::string_view line) {
                                     if (level < hocket::log_level::warning) return;
                                     CHECK(line.find("stack") != std::string_view::npos);
                                     lines.fetch_add(1);
                                 }});
        runtime rt{options};
        std::size_t const limit = options.max_stacks;
        std::atomic<int> through{0};
        std::atomic<std::size_t> inside{0}, most{0};
        hocket::counting_semaphore<> gate(0);
        std::thread outside;
        rt.run([&] {
            for (int i = 0; i < 200; ++i)
                hocket::go(i % 3 == 0 ? hocket::launch{.worker = i % static_cast<int>(workers)} : hocket::launch{}, [&] {
                    std::size_t const now = inside.fetch_add(1) + 1;
                    std::size_t seen = most.load();
                    while (now > seen && !most.compare_exchange_weak(seen, now)) {}
                    gate.acquire();
                    hocket::this_fiber::yield();
                    inside.fetch_sub(1);
                    through.fetch_add(1);
                });
            hocket::this_fiber::sleep_for(30ms);
            CHECK(through.load() == 0);
            CHECK(inside.load() < limit);
            CHECK(inside.load() >= 1);
            outside = std::thread([&gate] {  // their waker is no worker
                for (int i = 0; i < 100; ++i) {
                    gate.release();
                    std::this_thread::sleep_for(50us);
                }
            });
            gate.release(100);
            while (through.load() != 200) hocket::this_fiber::sleep_for(200us);
        });
        outside.join();
        rt.shutdown();
        CHECK(most.load() < limit);
        CHECK(lines.load() == 1);
        CHECK(rt.stats().stacks <= limit);
        check_clean(rt);
    });
}

FIBER_TEST_CASE("go_with: the data is made in the child's own arena, and dies with it", .workers = {1, 2, 4}) {
    static std::atomic<int> live;
    live.store(0);
    struct data {
        std::string text;
        int number;
        void* where;
        data(std::string t, int n) : text(std::move(t)), number(n), where(&hocket::this_fiber::arena()) { live.fetch_add(1); }
        data(data const&) = delete;
        ~data() { live.fetch_sub(1); }
    };
    hocket::counting_semaphore<> done(0);
    for (int i = 0; i < 10; ++i)
        hocket::go_with<data>(
            [&done](data& d) {
                hocket::this_fiber::yield();
                CHECK(d.text == "made in the child, of a text that is long enough");
                CHECK(d.number == 5);
                CHECK(d.where == &hocket::this_fiber::arena());
                CHECK(hocket::this_fiber::arena().used() >= sizeof(data));
                done.release();
            },
            "made in the child, of a text that is long enough", 5);
    for (int i = 0; i < 10; ++i) done.acquire();
    while (live.load() != 0) hocket::this_fiber::yield();
}

TEST_CASE("go_with: what the constructor throws is the child's exception") {
    for_worker_counts([](unsigned workers) {
        struct fails {
            explicit fails(int) { throw std::runtime_error("cannot be made"); }
        };
        std::string said;
        bool ran = false;
        runtime rt{{.workers = workers, .blocking_workers = 1, .on_unhandled = [&said](std::string_view, std::exception_ptr e) {
                        try {
                            std::rethrow_exception(e);
                        } catch (std::exception const& x) {
                            said = x.what();
                        }
                    },
                    .logger = [](hocket::log_level, std::string_view) {}}};
        rt.run([&ran] { hocket::go_with<fails>([&ran](fails&) { ran = true; }, 1); });
        rt.shutdown();
        CHECK(said == "cannot be made");
        CHECK_FALSE(ran);
        check_clean(rt);
    });
}
