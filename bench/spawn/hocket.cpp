// spawn: batches of tasks, each batch waited for. `spawn_task`: tasks that never suspend, by go and a wait group;
// `spawn_scope`: the same in a scope. `spawn_many`: as spawn_task, on every worker at once. `spawn_fiber`: each yields
// once; with together = 1 until all of its batch have arrived, so that all are parked at once whatever the scheduler
// prefers. `async`: one task at a time, for its result. `spread`: how soon a second worker, asleep, takes part.
#include <algorithm>
#include <atomic>
#include <hocket/fiber.hpp>
#include <hocket/future.hpp>
#include <hocket/go.hpp>
#ifdef HAS_SCOPE
#include <hocket/scope.hpp>
#endif
#include <hocket/this_fiber.hpp>
#include <memory>
#include <vector>

#include "cores.hpp"
#include "stage.hpp"

namespace hocket::bench {
namespace {

// Checksum: the sum of the tasks' numbers, kept by place: no task shares a variable with another.
sample spawn_task(parameters const& p) {
    wait_group all;
    return on_runtime(p, [&](sample& s) {
        std::uint64_t const batch = p["batch"], batches = p["count"] / batch;
        std::vector<std::uint64_t> results(batch);
        auto const run_batch = [&](std::uint64_t b) {
            all.expect(batch);
            for (std::uint64_t i = 0; i < batch; ++i)
                go([&results, &all, i, b] {
                    results[i] += i + b;
                    all.leave();
                });
            all.wait();
        };
        run_batch(0);
        std::fill(results.begin(), results.end(), 0);
        meter const m;
        for (std::uint64_t b = 0; b < batches; ++b) run_batch(b);
        m.stop(s);
        s.count = batch * batches;
        for (auto const r : results) s.checksum += r;
    });
}

#ifdef HAS_SCOPE
// A scope for every batch. A task does what one of oneTBB's task_group does: see tbb.cpp.
sample spawn_scope(parameters const& p) {
    return on_runtime(p, [&](sample& s) {
        std::uint64_t const batch = p["batch"], batches = p["count"] / batch;
        std::vector<std::uint64_t> results(batch);
        auto const run_batch = [&](std::uint64_t b) {
            scope all;
            for (std::uint64_t i = 0; i < batch; ++i) all.spawn([&results, i, b] { results[i] += i + b; });
            all.join();
        };
        run_batch(0);
        std::fill(results.begin(), results.end(), 0);
        meter const m;
        for (std::uint64_t b = 0; b < batches; ++b) run_batch(b);
        m.stop(s);
        s.count = batch * batches;
        for (auto const r : results) s.checksum += r;
    });
}

bench_case const spawn_scope_case("spawn_scope", spawn_scope);
#endif

// A spawner pinned to each worker, which does its share of the batches; none begins before all are there.
sample spawn_many(parameters const& p) {
    wait_group all;
    auto const groups = std::make_unique<wait_group[]>(p["workers"]);  // they outlive the runtime
    return on_runtime(p, [&](sample& s) {
        std::uint64_t const batch = p["batch"], spawners = p["workers"], batches = p["count"] / batch / spawners;
        std::atomic<std::uint64_t> sum{0};
        auto const spawner = [&](start_line& start, wait_group& mine, std::uint64_t times) {
            std::vector<std::uint64_t> results(batch);
            start.arrive();
            for (std::uint64_t b = 0; b < times; ++b) {
                mine.expect(batch);
                for (std::uint64_t i = 0; i < batch; ++i)
                    go([&results, &mine, i, b] {
                        results[i] += i + b;
                        mine.leave();
                    });
                mine.wait();
            }
            std::uint64_t total = 0;
            for (auto const r : results) total += r;
            sum.fetch_add(total, std::memory_order_relaxed);
            all.leave();
        };
        auto const run = [&](std::uint64_t times) {
            start_line start(spawners);
            sum.store(0, std::memory_order_relaxed);
            all.expect(spawners);
            for (std::uint64_t w = 0; w < spawners; ++w)
                go({.worker = static_cast<int>(w)}, [&, w, times] { spawner(start, groups[w], times); });
            all.wait();
            start.since().stop(s);
        };
        run(1);
        run(batches);
        s.count = batch * batches * spawners;
        s.checksum = sum.load(std::memory_order_relaxed);
    });
}

// Who is parked. One worker is no mutual exclusion, an idle blocking worker may help: `arrived` is exact, `most` is
// for a remark only.
struct crowd {
    std::atomic<std::uint64_t> arrived{0}, ended{0};
    std::uint64_t most = 0;
    // Yields once, and until so many have arrived.
    void park(std::uint64_t together) {
        std::uint64_t const gone = ended.load(std::memory_order_relaxed);
        std::uint64_t const now = arrived.fetch_add(1, std::memory_order_relaxed) + 1 - gone;
        if (std::atomic_ref m(most); now > m.load(std::memory_order_relaxed)) m.store(now, std::memory_order_relaxed);
        do this_fiber::yield();
        while (arrived.load(std::memory_order_relaxed) < together);
        ended.store(ended.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
    void clear() {
        arrived.store(0, std::memory_order_relaxed);
        ended.store(0, std::memory_order_relaxed);
    }
};

sample spawn_fiber(parameters const& p) {
    wait_group all;
    return on_runtime(p, [&](sample& s) {
        std::uint64_t const batch = p["batch"], batches = p["count"] / batch;
        std::uint64_t const together = p["together"] != 0 ? batch : 0;
        std::vector<std::uint64_t> results(batch);
        crowd parked;
        auto const run_batch = [&](std::uint64_t b) {
            parked.clear();
            all.expect(batch);
            for (std::uint64_t i = 0; i < batch; ++i)
                go([&, i, b] {
                    parked.park(together);
                    results[i] += i + b;
                    all.leave();
                });
            all.wait();
        };
        run_batch(0);
        std::fill(results.begin(), results.end(), 0);
        meter const m;
        for (std::uint64_t b = 0; b < batches; ++b) run_batch(b);
        m.stop(s);
        s.count = batch * batches;
        for (auto const r : results) s.checksum += r;
        s.parked = parked.most;
    });
}

// The same with objects that are joined one by one.
sample spawn_fiber_object(parameters const& p) {
    return on_runtime(p, [&](sample& s) {
        std::uint64_t const batch = p["batch"], batches = p["count"] / batch;
        std::uint64_t const together = p["together"] != 0 ? batch : 0;
        std::vector<std::uint64_t> results(batch);
        crowd parked;
        std::vector<fiber> all;
        all.reserve(batch);
        auto const run_batch = [&](std::uint64_t b) {
            parked.clear();
            for (std::uint64_t i = 0; i < batch; ++i)
                all.emplace_back([&, i, b] {
                    parked.park(together);
                    results[i] += i + b;
                });
            for (auto& f : all) f.join();
            all.clear();
        };
        run_batch(0);
        std::fill(results.begin(), results.end(), 0);
        meter const m;
        for (std::uint64_t b = 0; b < batches; ++b) run_batch(b);
        m.stop(s);
        s.count = batch * batches;
        for (auto const r : results) s.checksum += r;
        s.parked = parked.most;
    });
}

sample async_get(parameters const& p) {
    return on_runtime(p, [&](sample& s) {
        std::uint64_t const count = p["count"];
        std::uint64_t sum = 0;
        for (std::uint64_t i = 0; i < 100; ++i) sum += async([i] { return i; }).get();
        sum = 0;
        meter const m;
        for (std::uint64_t i = 0; i < count; ++i) sum += async([i] { return i; }).get();
        m.stop(s);
        s.count = count;
        s.checksum = sum;
    });
}

// The latency is from the first spawn until a task starts on another ordinary worker than the spawner's, which has been
// busy alone for settle_us, so that the other sleeps. The batch is far longer than the time that is measured: a worker
// that is late is seen late, and one that never came counts with the length of the whole batch. With bound = 1 every
// worker is bound to a core of its own, with 0 they stand where the system puts them.
sample spread(parameters const& p) {
    wait_group all;
    free_at_end const worker_0;  // is this thread
    return on_runtime(p, [&](sample& s) {
        std::uint64_t const batches = p["count"], batch = p["batch"];
        int const workers = static_cast<int>(p["workers"]);
        if (p["bound"] != 0) {
            all.expect(p["workers"]);
            for (int w = 0; w < workers; ++w)
                go({.worker = w}, [&all, w] {
                    bind_to(w);
                    all.leave();
                });
            all.wait();
        }
        std::atomic<std::uint64_t> ran{0};
        meter const m;
        for (std::uint64_t b = 0; b < batches; ++b) {
            this_fiber::sleep_for(std::chrono::microseconds(p["pause_us"]));
            spin_for(static_cast<std::int64_t>(p["settle_us"]) * 1000);
            std::atomic<std::int64_t> first{INT64_MAX};
            all.expect(batch);
            int const here = this_fiber::worker();
            std::int64_t const start = now_ns();
            for (std::uint64_t i = 0; i < batch; ++i)
                go([&] {
                    std::int64_t const after = now_ns() - start;
                    // Blocking workers, which may help, have the numbers above.
                    if (int const w = this_fiber::worker(); w != here && w < workers) {
                        std::int64_t least = first.load(std::memory_order_relaxed);
                        while (after < least && !first.compare_exchange_weak(least, after, std::memory_order_relaxed)) {
                        }
                    }
                    spin_for(20'000);
                    ran.fetch_add(1, std::memory_order_relaxed);
                    all.leave();
                });
            all.wait();
            s.latencies_ns.push_back(
                static_cast<double>(std::min(first.load(std::memory_order_relaxed), now_ns() - start)));
        }
        m.stop(s);
        s.count = batches * batch;
        s.checksum = ran.load(std::memory_order_relaxed);
    });
}

bench_case const spawn_task_case("spawn_task", spawn_task);
bench_case const spawn_many_case("spawn_many", spawn_many);
bench_case const spawn_fiber_case("spawn_fiber", spawn_fiber);
bench_case const spawn_fiber_object_case("spawn_fiber_object", spawn_fiber_object);
bench_case const async_case("async", async_get);
bench_case const spread_case("spread", spread);

}  // namespace
}  // namespace hocket::bench
