// idle with oneTBB.
#include <atomic>
#include <chrono>
#include <oneapi/tbb/task_group.h>
#include <thread>

#include "arena.hpp"

namespace hocket::bench {
namespace {

sample idle(parameters const& p) {
    std::atomic<std::uint64_t> ran{0};
    return in_arena(p, [&](sample& s) {
        tbb::task_group all;
        for (int i = 0; i < 1000; ++i)
            all.run([&] {
                spin_for(1000);
                ran.fetch_add(1, std::memory_order_relaxed);
            });
        all.wait();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        meter const m;
        std::this_thread::sleep_for(std::chrono::milliseconds(p["count"]));
        m.stop(s);
        s.count = p["count"];
        s.checksum = ran.load(std::memory_order_relaxed);
    });
}

bench_case const idle_case("idle", idle);

}  // namespace
}  // namespace hocket::bench
