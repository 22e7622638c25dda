// submit: from a thread that is no worker until the task runs. With fibers = 0 the worker is idle and asleep, else so
// many fibers keep it busy in slices of 20 us.
#include <hocket/go.hpp>
#include <hocket/this_fiber.hpp>
#include <semaphore>
#include <thread>

#include "stage.hpp"

namespace hocket::bench {
namespace {

sample submit(parameters const& p) {
    sample s;
    wait_group all;
    std::atomic<bool> over{false};
    std::atomic<std::uint64_t> ran{0};
    runtime rt(options(p));
    note_context(s, rt);
    rt.start();
    std::uint64_t const busy = p["fibers"];
    all.expect(busy + 1);
    for (std::uint64_t f = 0; f < busy; ++f)
        rt.go([&] {
            while (!over.load(std::memory_order_relaxed)) {
                spin_for(20'000);
                this_fiber::yield();
            }
            all.leave();
        });
    std::binary_semaphore here(0);
    std::int64_t started = 0;
    meter const m;
    for (std::uint64_t i = 0; i < p["count"]; ++i) {
        // Not in step with the slices.
        std::this_thread::sleep_for(std::chrono::microseconds(p["pause_us"] + i * 7 % 40));
        std::int64_t const start = now_ns();
        rt.go([&] {
            started = now_ns();
            ran.fetch_add(1, std::memory_order_relaxed);
            here.release();
        });
        here.acquire();
        s.latencies_ns.push_back(static_cast<double>(started - start));
    }
    m.stop(s);
    over.store(true, std::memory_order_relaxed);
    all.leave();
    all.wait();
    rt.shutdown();
    s.count = p["count"];
    s.checksum = ran.load(std::memory_order_relaxed);
    return s;
}

bench_case const submit_case("submit", submit);

}  // namespace
}  // namespace hocket::bench
