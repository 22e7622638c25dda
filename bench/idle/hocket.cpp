// idle: CPU that a runtime uses while nothing is to be done, after its workers have all worked.
#include <hocket/go.hpp>
#include <thread>

#include "stage.hpp"

namespace hocket::bench {
namespace {

// Count: milliseconds.
sample idle(parameters const& p) {
    sample s;
    wait_group all;
    runtime rt(options(p));
    note_context(s, rt);
    rt.start();
    std::atomic<std::uint64_t> ran{0};
    all.expect(1000);
    for (int i = 0; i < 1000; ++i)
        rt.go([&] {
            spin_for(1000);
            ran.fetch_add(1, std::memory_order_relaxed);
            all.leave();
        });
    all.wait();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    meter const m;
    std::this_thread::sleep_for(std::chrono::milliseconds(p["count"]));
    m.stop(s);
    s.count = p["count"];
    s.checksum = ran.load(std::memory_order_relaxed);
    return s;
}

bench_case const idle_case("idle", idle);

}  // namespace
}  // namespace hocket::bench
