// Spawns fibers that do nothing and waits for all, with Boost.Fiber on one thread.
#include <benchmark/benchmark.h>

#include <boost/fiber/all.hpp>
#include <vector>

static void spawn(benchmark::State& state) {
    constexpr int batch = 1000;
    std::vector<boost::fibers::fiber> fibers;
    fibers.reserve(batch);
    for (auto _ : state) {
        for (int i = 0; i < batch; ++i) fibers.emplace_back([] {});
        for (auto& f : fibers) f.join();
        fibers.clear();
    }
    state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK(spawn)->Name("spawn/boost.fiber")->UseRealTime();

BENCHMARK_MAIN();
