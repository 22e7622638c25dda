// A value sent to another fiber of the thread and back over two unbuffered channels, with Boost.Fiber.
#include <benchmark/benchmark.h>

#include <boost/fiber/all.hpp>

static void channel(benchmark::State& state) {
    boost::fibers::unbuffered_channel<int> there, back;
    boost::fibers::fiber echo([&] {
        for (int value : there) back.push(value);
    });
    for (auto _ : state) {
        there.push(1);
        benchmark::DoNotOptimize(back.value_pop());
    }
    state.SetItemsProcessed(state.iterations());
    there.close();
    echo.join();
}
BENCHMARK(channel)->Name("channel/boost.fiber")->UseRealTime();

BENCHMARK_MAIN();
