// task_memory with oneTBB: tasks that make ten small allocations with malloc and free them.
#include <algorithm>
#include <cstdlib>
#include <oneapi/tbb/task_group.h>
#include <vector>

#include "arena.hpp"
#include "mix.hpp"

namespace hocket::bench {
namespace {

sample task_memory(parameters const& p) {
    size_mix const sizes(128);
    return in_arena(p, [&](sample& s) {
        std::uint64_t const batch = p["batch"], batches = p["count"] / batch;
        std::vector<std::uint64_t> results(batch);
        auto const run_batch = [&](std::uint64_t b) {
            tbb::task_group all;
            for (std::uint64_t i = 0; i < batch; ++i)
                all.run([&results, &sizes, i, b] {
                    void* kept[10];
                    std::uint64_t sum = 0;
                    for (std::uint64_t k = 0; k < 10; ++k)
                        sum += used(kept[k] = std::malloc(sizes[i * 10 + k]), i + b + k);
                    for (void* const memory : kept) std::free(memory);
                    results[i] += sum;
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

bench_case const task_memory_case("task_memory", task_memory);

}  // namespace
}  // namespace hocket::bench
