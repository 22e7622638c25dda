// The explorer itself: replay, virtual time, its limits, and what makes a schedule fail.
#include <errno.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <hocket/detail/atomic.hpp>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.hpp"
#include "seam/choice.hpp"
#include "seam/clock.hpp"
#include "seam/current.hpp"
#include "seam/futex.hpp"
#include "seam/pause.hpp"

using hocket::detail::atomic;
using hocket::explorer::explore;
using hocket::explorer::explore_result;
using hocket::explorer::require;
using hocket::explorer::tally;
using hocket::explorer::thread;
using hocket::explorer::unwatched;
namespace seam = hocket::detail::seam;

namespace {

// Three threads that write down in which order they came to each of their steps, and what the library's dice showed.
std::string order_of(std::uint64_t seed, explore_result* result = nullptr) {
    std::string order;
    explore_result const r = explore({.name = "order", .seed = seed, .schedules = 1}, [&] {
        order.clear();
        atomic<int> step{0};
        auto walk = [&](char who) {
            seam::choice dice(1);
            for (int i = 0; i < 6; ++i) {
                step.fetch_add(1);
                std::uint32_t const shown = dice.below(10);
                unwatched const here;
                order += who;
                order += static_cast<char>('0' + shown);
            }
        };
        thread a([&] { walk('a'); }), b([&] { walk('b'); }), c([&] { walk('c'); });
        a.join(), b.join(), c.join();
        order += std::to_string(seam::now());
    });
    CHECK(!r.failed);
    if (result != nullptr) *result = r;
    return order;
}

// errno, of which each virtual thread has its own, though it is always the same place in memory.
void set_error(int e) {
    unwatched const here;
    errno = e;
}
int error() {
    unwatched const here;
    return errno;
}

struct environment {
    environment(char const* name, char const* value) : name_(name) { setenv(name, value, 1); }
    ~environment() { unsetenv(name_); }
    char const* name_;
};

}  // namespace

TEST_CASE("a seed replays its schedule, and another gives another") {
    std::set<std::string> orders;
    std::set<std::uint64_t> digests;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        explore_result one, two;
        std::string const order = order_of(seed, &one);
        CHECK(order_of(seed, &two) == order);
        CHECK(one.digest == two.digest);
        CHECK(one.steps == two.steps);
        orders.insert(order);
        digests.insert(one.digest);
    }
    CHECK(orders.size() > 35);
    CHECK(digests.size() > 35);
}

TEST_CASE("a trace does not change the schedule it shows") {
    auto body = [] {
        atomic<int> n{0};
        thread a([&] { n.store(n.load() + 1); }, "one"), b([&] { n.store(n.load() + 1); }, "two");
        a.join(), b.join();
        require(n.load() == 2, "both count");
    };
    explore_result const found = explore({.name = "untraced"}, body);
    REQUIRE(found.failed);
    CHECK(found.trace.empty());
    explore_result const plain = explore({.name = "untraced", .seed = found.seed, .schedules = 1}, body);
    explore_result const shown = explore({.name = "traced", .seed = found.seed, .schedules = 1, .trace = true}, body);
    CHECK(shown.failed);
    CHECK(shown.digest == found.digest);
    CHECK(shown.steps == plain.steps);
    CHECK(shown.trace.find("one") != std::string::npos);
    CHECK(shown.trace.find("load") != std::string::npos);
    CHECK(shown.trace.find("word 1 holds") != std::string::npos);
}

TEST_CASE("schedules differ in who wakes first, and every waiter can be the one") {
    std::set<int> woken;
    explore_result const r = explore({.name = "wake order", .schedules = 500}, [&] {
        atomic<std::uint32_t> word{0}, ready{0};
        atomic<int> first{-1};
        auto wait = [&](int who) {
            ready.fetch_add(1);
            while (word.load() == 0) seam::futex_wait(word, 0);
            int nobody = -1;
            first.compare_exchange_strong(nobody, who);
        };
        thread a([&] { wait(0); }), b([&] { wait(1); }), c([&] { wait(2); });
        while (ready.load() != 3) seam::pause();
        word.store(1);
        seam::futex_wake(word, 3);
        a.join(), b.join(), c.join();
        woken.insert(first.load());
    });
    CHECK(!r.failed);
    CHECK(woken == std::set<int>{0, 1, 2});
}

TEST_CASE("deadlines pass in virtual time") {
    auto const begin = std::chrono::steady_clock::now();
    explore_result const r = explore({.name = "deadlines", .schedules = 1000}, [] {
        std::int64_t const start = seam::now();
        constexpr std::int64_t hour = 3'600'000'000'000;
        auto sleep = [&](std::int64_t until) {
            atomic<std::uint32_t> word{0};
            while (seam::futex_wait(word, 0, until)) {
            }
            require(seam::now() >= until, "no deadline comes early");
        };
        thread a([&] { sleep(start + 2 * hour); }, "late");
        thread b([&] { sleep(start + hour); }, "early");
        b.join();
        a.join();
        require(seam::now() < start + 3 * hour, "the clock goes no further than it must");
    });
    INFO(r.message);
    CHECK(!r.failed);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
}

TEST_CASE("a deadline may pass before the wake-up, and after it") {
    int in_time = 0, late = 0;
    explore_result const r = explore({.name = "timeout or wake", .schedules = 20'000}, [&] {
        atomic<std::uint32_t> word{0};
        bool timed_out = false;
        thread waiter([&] {
            std::int64_t const until = seam::now() + 1'000'000;
            while (word.load() == 0 && !timed_out) timed_out = !seam::futex_wait(word, 0, until);
        });
        word.store(1);
        seam::futex_wake(word, 1);
        waiter.join();
        ++(timed_out ? late : in_time);
    });
    CHECK(!r.failed);
    CHECK(in_time > 0);
    CHECK(late > 0);
}

TEST_CASE("a futex wait sometimes ends for no reason") {
    tally spurious;
    explore_result const r = explore({.name = "spurious", .schedules = 2000}, [&] {
        atomic<std::uint32_t> word{0};
        tally woken;
        thread waiter([&] {
            seam::futex_wait(word, 0);
            if (woken == 0) ++spurious;
        });
        seam::pause();
        ++woken;
        word.store(1);
        seam::futex_wake(word, 1);
        waiter.join();
    });
    CHECK(!r.failed);
    CHECK(spurious > 0);
    CHECK(spurious < 1000);
}

TEST_CASE("compare_exchange_weak sometimes fails for no reason, the strong one never") {
    int weak = 0, strong = 0;
    explore_result const r = explore({.name = "weak", .schedules = 500}, [&] {
        atomic<int> n{0};
        int expected = 0;
        if (!n.compare_exchange_weak(expected, 1)) ++weak, require(expected == 0, "the value it saw");
        n.store(0);
        expected = 0;
        if (!n.compare_exchange_strong(expected, 1)) ++strong;
    });
    CHECK(!r.failed);
    CHECK(weak > 0);
    CHECK(weak < 250);
    CHECK(strong == 0);
}

TEST_CASE("a thread that spins with pause() lets the others go on, also one that waits for a deadline") {
    explore_result const r = explore({.name = "spin", .schedules = 1000, .max_steps = 2000}, [] {
        atomic<bool> go{false};
        thread setter([&] {
            atomic<std::uint32_t> word{0};
            std::int64_t const until = seam::now() + 1'000'000'000;
            while (seam::futex_wait(word, 0, until)) {
            }
            go.store(true);
        });
        while (!go.load()) seam::pause();
        setter.join();
    });
    INFO(r.message);
    CHECK(!r.failed);
}

TEST_CASE("a livelock and a step limit are told apart") {
    explore_result const live = explore({.name = "livelock", .max_steps = 1000}, [] {
        atomic<int> never{0};
        while (never.load() == 0) seam::pause();
    });
    CHECK(live.failed);
    CHECK(live.message.find("livelock: no word has changed in the last") == 0);

    explore_result const busy = explore({.name = "step limit", .max_steps = 1000}, [] {
        atomic<int> n{0};
        for (;;) n.fetch_add(1);
    });
    CHECK(busy.failed);
    CHECK(busy.message.find("step limit: still running after 1000 steps") == 0);
}

TEST_CASE("an exception that leaves a thread fails the schedule") {
    explore_result const r = explore({.name = "exception"}, [] {
        thread t([] { throw std::runtime_error("no luck"); }, "thrower");
        t.join();
    });
    CHECK(r.failed);
    CHECK(r.message == "an exception left thread 1 (thrower): no luck");
    CHECK(r.schedules_run == 1);
}

TEST_CASE("a thread that outlives the body fails the schedule") {
    // Never in place where the thread has ended of itself; in most schedules it has not.
    explore_result const r = explore({.name = "unjoined"}, [] {
        auto* const t = new seam::thread;
        t->start("stray", [](void*) { atomic<int>(0).load(); }, nullptr);
    });
    CHECK(r.failed);
    CHECK(r.message == "the body has ended, but thread 1 (stray) has not");
}

TEST_CASE("each thread has its own exceptions in flight, errno and current()") {
    explore_result const r = explore({.name = "thread state", .schedules = 500}, [] {
        atomic<int> step{0};
        auto walk = [&](int number) {
            int mine = number;
            seam::set_current(&mine);
            for (int i = 0; i < 3; ++i) {
                try {
                    throw number;
                } catch (int caught) {
                    set_error(number);
                    step.fetch_add(1);
                    require(caught == number, "the exception caught");
                    require(error() == number, "errno");
                    try {
                        throw;
                    } catch (int again) {
                        step.fetch_add(1);
                        require(again == number, "the exception thrown again");
                    }
                    step.fetch_add(1);
                }
                require(std::current_exception() == nullptr, "no exception is left");
                require(seam::current() == &mine, "current()");
            }
        };
        thread a([&] { walk(1); }), b([&] { walk(2); });
        walk(3);
        a.join(), b.join();
    });
    INFO(r.message);
    CHECK(!r.failed);
}

TEST_CASE("an isolated exploration brings home what failed, and survives what kills it") {
    auto const lost = [] {
        atomic<int> n{0};
        thread a([&] { n.store(n.load() + 1); }), b([&] { n.store(n.load() + 1); });
        a.join(), b.join();
        require(n.load() == 2, "both count");
    };
    explore_result const far = explore({.name = "isolated", .isolated = true}, lost);
    CHECK(far.failed);
    CHECK(far.message == "required: both count");
    explore_result const near = explore({.name = "replayed here", .seed = far.seed, .schedules = 1}, lost);
    CHECK(near.message == far.message);
    CHECK(near.digest == far.digest);

    explore_result const fine = explore({.name = "isolated, passes", .schedules = 50, .isolated = true}, [] {
        atomic<int> n{0};
        thread a([&] { n.fetch_add(1); });
        a.join();
    });
    CHECK(!fine.failed);
    CHECK(fine.schedules_run == 50);

    explore_result const dead = explore({.name = "isolated, aborts", .isolated = true}, [] {
        atomic<int> n{0};
        thread a([&] {
            if (n.load() == 1) std::abort();
        });
        n.store(1);
        n.store(0);
        a.join();
    });
    CHECK(dead.failed);
    CHECK(dead.message == "the schedule ended the process: Aborted");
    CHECK(dead.seed != 0);
}

#ifdef HOCKET_TSAN
TEST_CASE("with ThreadSanitizer an order that is too weak is found") {
    auto publish = [](std::memory_order order) {
        return [order] {
            int item = 0;
            atomic<bool> ready{false};
            thread t([&] {
                item = 1;
                ready.store(true, order);
            });
            while (!ready.load(std::memory_order_acquire)) seam::pause();
            require(item == 1, "the item");
            t.join();
        };
    };
    explore_result const weak = explore({.name = "relaxed", .schedules = 50, .isolated = true, .quiet = true},
                                        publish(std::memory_order_relaxed));
    CHECK(weak.failed);
    CHECK(weak.message == "ThreadSanitizer has reported a data race");
    explore_result const strong =
        explore({.name = "release", .schedules = 50, .isolated = true}, publish(std::memory_order_release));
    CHECK(!strong.failed);
}
#endif

TEST_CASE("HOCKET_SEED overrides the seed, and must be a number") {
    {
        environment const e("HOCKET_SEED", "77");
        CHECK(explore({.name = "from the environment", .schedules = 1}, [] {}).seed == 77);
    }
    for (char const* const bad : {"abc", "12x", "-1", "0"}) {
        environment const e("HOCKET_SEED", bad);
        CHECK_THROWS_AS(explore({.name = "bad seed"}, [] {}), std::invalid_argument);
    }
}

TEST_CASE("a scheduling point costs well under 200 ns") {
    std::clock_t const begin = std::clock();
    explore_result const r = explore({.name = "cost", .seed = 3, .schedules = 20, .max_steps = 1'000'000}, [] {
        atomic<int> n{0};
        auto count = [&] {
            for (int i = 0; i < 10'000; ++i) n.fetch_add(1, std::memory_order_relaxed);
        };
        thread a(count), b(count), c(count);
        a.join(), b.join(), c.join();
    });
    CHECK(!r.failed);
    CHECK(r.steps >= 20u * 3 * 10'000);
    double const ns = static_cast<double>(std::clock() - begin) * 1e9 / CLOCKS_PER_SEC / static_cast<double>(r.steps);
    MESSAGE("ns of CPU per scheduling point: " << ns);
#if defined(NDEBUG) && !defined(HOCKET_ASAN) && !defined(HOCKET_TSAN)
    CHECK(ns < 200);
#endif
}
