// spawn with oneTBB: tasks that cannot suspend, in a task_group for every batch.
#include <algorithm>
#include <oneapi/tbb/task_group.h>
#include <vector>

#include "arena.hpp"

namespace hocket::bench {
namespace {

sample spawn_task(parameters const& p) {
    return in_arena(p, [&](sample& s) {
        std::uint64_t const batch = p["batch"], batches = p["count"] / batch;
        std::vector<std::uint64_t> results(batch);
        auto const run_batch = [&](std::uint64_t b) {
            tbb::task_group all;
            for (std::uint64_t i = 0; i < batch; ++i) all.run([&results, i, b] { results[i] += i + b; });
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

bench_case const spawn_task_case("spawn_task", spawn_task);

}  // namespace
}  // namespace hocket::bench
