// Ten stacks for many tasks: fresh ones wait, suspended ones go on, and somebody says why.
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <hocket/fiber.hpp>
#include <hocket/go.hpp>
#include <hocket/runtime.hpp>
#include <hocket/semaphore.hpp>
#include <hocket/this_fiber.hpp>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "clean.hpp"
#include "dumped.hpp"

using namespace std::chrono_literals;
using namespace hocket::literals;
using hocket::runtime;

namespace {

constexpr std::size_t limit = 10;
constexpr int many = 60;

char const* const sentence = "all 10 stacks that may exist (runtime_options::max_stacks) are in use";

// What the runtime warned of.
struct warnings {
    std::mutex guard;
    std::vector<std::string> lines;

    auto logger() {
        return [this](hocket::log_level level, std::string_view line) {
            if (level < hocket::log_level::warning) return;
            std::lock_guard const held(guard);
            lines.emplace_back(line);
        };
    }
};

enum class how { ordinary, pinned, blocking, mixed };

// A task of that kind, the i-th.
template <class F>
void spawn(how kind, int i, unsigned workers, F f) {
    if (kind == how::mixed) kind = static_cast<how>(i % 3);
    if (kind == how::blocking)
        hocket::go_blocking(f);
    else if (kind == how::pinned)
        hocket::go({.worker = i % static_cast<int>(workers)}, f);
    else
        hocket::go(f);
}

void with_ten_stacks(how kind, unsigned workers, unsigned blocking_workers) {
    CAPTURE(static_cast<int>(kind));
    CAPTURE(workers);
    warnings said;
    runtime rt{hocket::testing::observed({.workers = workers,
                                          .blocking_workers = blocking_workers,
                                          .max_stacks = limit,
                                          .logger = said.logger()})};
    std::atomic<int> begun{0}, over{0}, most{0}, turns{0};
    hocket::counting_semaphore<> gate(0);
    hocket::binary_semaphore ping(0), pong(0);
    rt.run([&] {
        // One that was there before them goes on all the time.
        hocket::go({.worker = 0}, [&] {
            for (; over.load() < many; pong.release()) {
                ping.acquire();
                turns.fetch_add(1);
            }
        });
        ping.release();
        pong.acquire();
        for (int i = 0; i < many; ++i)
            spawn(kind, i, workers, [&] {
                int const now = begun.fetch_add(1) + 1 - over.load();
                for (int seen = most.load(); now > seen && !most.compare_exchange_weak(seen, now);) {}
                gate.acquire();
                hocket::this_fiber::yield();
                hocket::this_fiber::sleep_for(50us);
                over.fetch_add(1);
            });
        while (count_dumped(rt, sentence) == 0) hocket::this_fiber::sleep_for(1ms);
        // All stand still now but for these two.
        int const stuck = begun.load();
        int const before = turns.load();
        for (int i = 0; i < 50; ++i) {
            ping.release();
            pong.acquire();
        }
        CHECK(turns.load() == before + 50);
        CHECK(begun.load() < static_cast<int>(limit));
        CHECK(begun.load() >= stuck);
        CHECK(over.load() == 0);
        CHECK(count_dumped(rt, ": not started") >= many - limit);
        gate.release(many);
        while (over.load() != many) {
            ping.release();
            pong.acquire();
            hocket::this_fiber::sleep_for(100us);
        }
        ping.release();
    });
    rt.shutdown();
    CHECK(begun.load() == many);
    CHECK(most.load() < static_cast<int>(limit));
    CHECK(rt.stats().stacks <= limit);
    check_clean(rt);
    REQUIRE(said.lines.size() == 1);
    CHECK(said.lines[0].find(sentence) != std::string::npos);
}

}  // namespace

TEST_CASE("few stacks: of ordinary tasks") {
    for (unsigned const workers : {1u, 2u, 4u}) with_ten_stacks(how::ordinary, workers, 1);
}

TEST_CASE("few stacks: of tasks that are pinned") {
    for (unsigned const workers : {1u, 2u, 4u}) with_ten_stacks(how::pinned, workers, 1);
}

TEST_CASE("few stacks: of blocking tasks") {
    for (unsigned const workers : {1u, 2u}) with_ten_stacks(how::blocking, workers, 3);
    with_ten_stacks(how::blocking, 4, 1);
}

TEST_CASE("few stacks: of all kinds at once") {
    for (unsigned const workers : {1u, 2u}) with_ten_stacks(how::mixed, workers, 2);
}

// Passing all that wait would take a second for each turn, and the watchdog would end it.
TEST_CASE("few stacks: a fiber that a stranger wakes goes on at once, however many fresh tasks wait before it") {
    for (bool const blocking : {false, true}) {
        warnings said;
        runtime rt{hocket::testing::observed(
            {.workers = 2, .blocking_workers = 2, .max_stacks = limit, .logger = said.logger()})};
        constexpr int waiting = 3000, rounds = 200;
        hocket::counting_semaphore<> gate(0);
        hocket::binary_semaphore ping(0), pong(0);
        std::atomic<int> over{0};
        auto const in = [&](auto f) { blocking ? rt.go_blocking(f) : rt.go(f); };
        rt.start();
        in([&] {
            for (int i = 0; i < rounds; ++i) {
                ping.acquire();
                pong.release();
            }
        });
        ping.release();
        pong.acquire();
        for (int i = 0; i < waiting; ++i)
            in([&] {
                gate.acquire();
                over.fetch_add(1);
            });
        while (count_dumped(rt, sentence) == 0) std::this_thread::sleep_for(1ms);
        for (int i = 1; i < rounds; ++i) {
            ping.release();
            pong.acquire();
        }
        CHECK(over.load() == 0);
        gate.release(waiting);
        rt.shutdown();
        CHECK(over.load() == waiting);
        check_clean(rt);
    }
}

TEST_CASE("few stacks: a task with a stack of its own needs none of them") {
    for_worker_counts([](unsigned workers) {
        warnings said;
        runtime rt{hocket::testing::observed(
            {.workers = workers, .blocking_workers = 1, .max_stacks = limit, .logger = said.logger()})};
        hocket::counting_semaphore<> gate(0);
        rt.run([&] {
            for (int i = 0; i < many; ++i) hocket::go([&gate] { gate.acquire(); });
            while (count_dumped(rt, sentence) == 0) hocket::this_fiber::sleep_for(1ms);
            std::atomic<int> ran{0};
            for (int i = 0; i < 20; ++i)
                hocket::fiber({.stack_size = 128_KiB}, [&ran] {
                    hocket::this_fiber::yield();
                    ran.fetch_add(1);
                }).join();
            CHECK(ran.load() == 20);
            gate.release(many);
        });
        rt.shutdown();
        check_clean(rt);
    });
}

TEST_CASE("few stacks: of a size of their own: the spawn is refused with a sentence, and loses nothing else") {
    for_worker_counts([](unsigned workers) {
        runtime rt{hocket::testing::observed({.workers = workers, .blocking_workers = 1, .max_stacks = limit})};
        rt.run([&] {
            hocket::counting_semaphore<> gate(0);
            for (int round = 0; round < 3; ++round) {
                std::vector<hocket::fiber> all;
                auto const spawn = [&](std::size_t bytes) {
                    all.emplace_back(hocket::launch{.stack_size = bytes}, [&gate] { gate.acquire(); });
                };
                // Those of the last round have been joined, which is a little before they have left their stacks.
                auto const spawn_soon = [&](std::size_t bytes) {
                    for (int left = round == 0 ? 0 : 10'000;; --left) {
                        try {
                            return spawn(bytes);
                        } catch (std::bad_alloc const&) {
                            if (left == 0) {
                                gate.release(2 * limit);
                                throw;
                            }
                        }
                        hocket::this_fiber::sleep_for(100us);
                    }
                };
                for (std::size_t i = 0; i < limit; ++i) spawn_soon(i % 2 == 0 ? 1_MiB : 600_KiB);  // of one class
                std::string why;
                try {
                    spawn(1_MiB);
                } catch (std::bad_alloc const& e) {
                    why = e.what();
                }
                CHECK(why == "hocket: no stack of 1024 KiB (launch::stack_size): " + std::string(sentence));
                for (std::size_t i = 0; i < limit; ++i) spawn_soon(128_KiB);  // the next class has its own
                CHECK_THROWS_WITH_AS(spawn(100_KiB), doctest::Contains("no stack of 128 KiB"), std::bad_alloc);
                gate.release(static_cast<std::ptrdiff_t>(all.size()));
                for (hocket::fiber& f : all) f.join();
            }
        });
        rt.shutdown();
        check_clean(rt);
    });
}
