// Memory comes back: that of parked fibers that once ran deep, and that of crowds that have gone.
#include <hocket/testing.hpp>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <hocket/go.hpp>
#include <hocket/runtime.hpp>
#include <hocket/semaphore.hpp>
#include <hocket/this_fiber.hpp>
#include <thread>
#include <vector>

#include "clean.hpp"

using namespace std::chrono_literals;

namespace {

// Half a minute: the machine may be busy with other tests.
template <class F>
bool comes_true(F&& what) {
    for (int i = 0; i < 3000 && !what(); ++i) std::this_thread::sleep_for(10ms);
    return what();
}

// Uses 24 KiB of the stack below its caller's frame, and tells the lowest address.
[[gnu::noinline]] std::uintptr_t dive() {
    std::byte volatile room[24 * 1024];
    for (std::byte volatile& b : room) b = std::byte{0x42};
    auto lowest = reinterpret_cast<std::uintptr_t>(room);
    asm volatile("" : "+r"(lowest));  // a compiler need not worry about it
    return lowest;
}

bool in_memory(std::uintptr_t address) {
    auto const page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    unsigned char here = 0;
    REQUIRE(mincore(reinterpret_cast<void*>(address & ~(page - 1)), 1, &here) == 0);
    return (here & 1) != 0;
}

}  // namespace

TEST_CASE("trimming: a fiber that is parked for long keeps its frames, and no page below them") {
    for_worker_counts([](unsigned workers) {
        hocket::runtime rt({.workers = workers, .blocking_workers = 1});
        hocket::counting_semaphore<> gate{0};
        std::vector<std::uintptr_t> deep(50);
        std::atomic<int> parked{0}, right{0};
        rt.start();
        for (int i = 0; i < 50; ++i)
            rt.go([&, i] {
                int volatile mine = i;
                deep[static_cast<std::size_t>(i)] = dive();
                ++parked;
                gate.acquire();
                right += mine == i;
                dive();  // what was given back can be used again
                ++parked;
                gate.acquire();
                right += mine == i;
            });
        for (int round = 1; round <= 2; ++round) {
            REQUIRE(comes_true([&] { return parked == 50 * round; }));
            CHECK(comes_true([&] { return rt.stats().trims >= 50u * static_cast<unsigned>(round); }));
            for (std::uintptr_t const d : deep) CHECK_FALSE(in_memory(d));
            gate.release(50);
        }
        rt.shutdown();
        CHECK(right == 100);
        check_clean(rt);
    });
}

TEST_CASE("trimming: the stacks of a crowd that has gone are given back, and had again") {
    for_worker_counts([](unsigned workers) {
        hocket::runtime rt({.workers = workers, .blocking_workers = 2});
        rt.start();
        for (int round = 0; round < 2; ++round) {
            hocket::counting_semaphore<> gate{0};
            std::atomic<int> parked{0}, ended{0};
            for (int i = 0; i < 2000; ++i)
                rt.go([&] {
                    ++parked;
                    gate.acquire();
                    ++ended;
                });
            REQUIRE(comes_true([&] { return parked == 2000; }));
            CHECK(rt.stats().stacks >= 2000);
            gate.release(2000);
            REQUIRE(comes_true([&] { return ended == 2000; }));
            // Each worker stands on one and holds a spare and two in its cache.
            CHECK(comes_true([&] { return rt.stats().stacks <= 4 * (workers + 2); }));
        }
        check_clean(rt);
    });
}

TEST_CASE("trimming: stacks of a size of their own are given back too") {
    hocket::runtime rt({.workers = 2, .blocking_workers = 1});
    rt.start();
    std::atomic<std::uintptr_t> deep{0};
    rt.go({.stack_size = hocket::operator""_KiB(256)}, [&] { deep = dive(); });
    REQUIRE(comes_true([&] { return deep.load() != 0; }));
    CHECK(comes_true([&] { return !in_memory(deep); }));
}

TEST_CASE("trimming: when all has been given back the runtime sleeps") {
    hocket::runtime rt({.workers = 2, .blocking_workers = 2});
    rt.start();
    rt.go([] { hocket::this_fiber::yield(); });
    // For half a second nobody gets up.
    std::uint64_t seen = 0;
    CHECK(comes_true([&] {
        seen = rt.stats().sleeps;
        std::this_thread::sleep_for(500ms);
        return rt.stats().sleeps == seen;
    }));
    CHECK(seen != 0);
}
