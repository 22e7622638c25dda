// arena: `churn`: allocations of mixed sizes, all taken back by one reset. `task_memory`: tasks that make ten small
// allocations each in their own arena, in a scope for every batch.
#include <algorithm>
#include <hocket/arena.hpp>
#include <hocket/scope.hpp>
#include <hocket/this_fiber.hpp>
#include <vector>

#include "mix.hpp"
#include "stage.hpp"

namespace hocket::bench {
namespace {

sample churn_arena(parameters const& p) {
    arena a;
    return churn(p, [&](std::size_t bytes) { return a.allocate(bytes); }, [&] { a.reset(); });
}

// Checksum: the sum of the allocations' numbers, kept by place.
sample task_memory(parameters const& p) {
    size_mix const sizes(128);
    return on_runtime(p, [&](sample& s) {
        std::uint64_t const batch = p["batch"], batches = p["count"] / batch;
        std::vector<std::uint64_t> results(batch);
        auto const run_batch = [&](std::uint64_t b) {
            scope all;
            for (std::uint64_t i = 0; i < batch; ++i)
                all.spawn([&results, &sizes, i, b] {
                    arena& mine = this_fiber::arena();
                    std::uint64_t sum = 0;
                    for (std::uint64_t k = 0; k < 10; ++k) sum += used(mine.allocate(sizes[i * 10 + k]), i + b + k);
                    results[i] += sum;
                });
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

bench_case const churn_case("churn", churn_arena);
bench_case const task_memory_case("task_memory", task_memory);

}  // namespace
}  // namespace hocket::bench
