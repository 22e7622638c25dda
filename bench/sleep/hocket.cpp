// sleep: `sleepers`: very many fibers asleep at once, each for its own time; they are made in the measured time. With
// warm = 1 a first crowd has slept before it. (Atomics: one worker is no mutual exclusion, an idle blocking worker
// may help.) `late`: how late a sleeper wakes while others keep the worker busy.
#include <atomic>
#include <chrono>
#include <hocket/go.hpp>
#include <hocket/this_fiber.hpp>

#include "stage.hpp"

namespace hocket::bench {
namespace {

// Checksum: the sum of the sleepers' numbers; none may wake too early.
sample sleepers(parameters const& p) {
    wait_group all;
    return on_runtime(p, [&](sample& s) {
        std::uint64_t const count = p["count"];
        std::atomic<std::uint64_t> sum{0}, asleep{0}, most{0};
        auto const crowd = [&] {
            sum.store(0, std::memory_order_relaxed);
            all.expect(count);
            for (std::uint64_t i = 0; i < count; ++i)
                go([&, i] {
                    std::int64_t const until = now_ns() + sleep_of(i);
                    std::uint64_t const now = asleep.fetch_add(1, std::memory_order_relaxed) + 1;
                    if (now > most.load(std::memory_order_relaxed)) most.store(now, std::memory_order_relaxed);
                    this_fiber::sleep_for(std::chrono::nanoseconds(sleep_of(i)));
                    asleep.fetch_sub(1, std::memory_order_relaxed);
                    if (now_ns() >= until) sum.fetch_add(i, std::memory_order_relaxed);
                    all.leave();
                });
            all.wait();
        };
        if (p["warm"] != 0) crowd();
        meter const m;
        crowd();
        m.stop(s);
        s.count = count;
        s.checksum = sum.load(std::memory_order_relaxed);
        s.parked = most.load(std::memory_order_relaxed);
    });
}

sample late(parameters const& p) {
    wait_group all;
    return on_runtime(p, [&](sample& s) {
        std::atomic<bool> over{false};
        std::uint64_t const busy = p["fibers"];
        std::int64_t const length = static_cast<std::int64_t>(p["sleep_us"]) * 1000;
        all.expect(busy);
        for (std::uint64_t f = 0; f < busy; ++f)
            go([&] {
                while (!over.load(std::memory_order_relaxed)) {
                    spin_for(20'000);
                    this_fiber::yield();
                }
                all.leave();
            });
        meter const m;
        for (std::uint64_t i = 0; i < p["count"]; ++i) {
            std::int64_t const until = now_ns() + length;
            this_fiber::sleep_for(std::chrono::nanoseconds(length));
            std::int64_t const after = now_ns() - until;
            if (after >= 0) ++s.checksum;
            s.latencies_ns.push_back(static_cast<double>(after));
        }
        m.stop(s);
        s.count = p["count"];
        over.store(true, std::memory_order_relaxed);
        all.wait();
    });
}

bench_case const sleepers_case("sleepers", sleepers);
bench_case const late_case("late", late);

}  // namespace
}  // namespace hocket::bench
