// yield: fibers that do nothing but let the others run, on one worker.
#include <atomic>
#include <hocket/go.hpp>
#include <hocket/this_fiber.hpp>

#include "stage.hpp"

namespace hocket::bench {
namespace {

// The checksum counts the yields from which a fiber came back after another had run. (Atomics: one worker is no mutual
// exclusion, an idle blocking worker may help.)
sample yield(parameters const& p) {
    wait_group all;
    return on_runtime(p, [&](sample& s) {
        std::uint64_t const fibers = p["fibers"], each = p["count"] / fibers;
        std::atomic<std::uint64_t> last{0}, turns{0};
        auto const body = [&](std::uint64_t me, std::uint64_t times) {
            std::uint64_t mine = 0;
            for (std::uint64_t i = 0; i < times; ++i) {
                last.store(me, std::memory_order_relaxed);
                this_fiber::yield();
                mine += last.load(std::memory_order_relaxed) != me;
            }
            turns.fetch_add(mine, std::memory_order_relaxed);
            all.leave();
        };
        auto const batch = [&](std::uint64_t times) {
            turns.store(0, std::memory_order_relaxed);
            all.expect(fibers);
            for (std::uint64_t f = 1; f <= fibers; ++f) go([&body, f, times] { body(f, times); });
            all.wait();
        };
        batch(10);
        meter const m;
        batch(each);
        m.stop(s);
        s.count = each * fibers;
        s.checksum = turns.load(std::memory_order_relaxed);
    });
}

bench_case const yield_case("yield", yield);

}  // namespace
}  // namespace hocket::bench
