// Two fibers of one thread that yield to each other, with Boost.Fiber.
#include <benchmark/benchmark.h>

#include <boost/fiber/all.hpp>

static void yield(benchmark::State& state) {
    bool stop = false;
    boost::fibers::fiber other([&stop] {
        while (!stop) boost::this_fiber::yield();
    });
    for (auto _ : state) boost::this_fiber::yield();
    state.SetItemsProcessed(2 * state.iterations());
    stop = true;
    other.join();
}
BENCHMARK(yield)->Name("yield/boost.fiber")->UseRealTime();

BENCHMARK_MAIN();
