// yield: fibers that do nothing but let the others run. `yield`: all of them one group; `yield_many`: a group spawned
// on each worker; what runs on one worker shares nothing with what runs on another.
#include <atomic>
#include <hocket/go.hpp>
#include <hocket/this_fiber.hpp>
#include <vector>

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

// The checksum is that of `yield`, counted on each worker: a fiber that has been stolen goes on beside others.
sample yield_many(parameters const& p) {
    struct alignas(64) place {
        std::atomic<std::uint64_t> last{0};
    };
    wait_group all;
    return on_runtime(p, [&](sample& s) {
        std::uint64_t const groups = p["workers"], fibers = p["fibers"], each = p["count"] / fibers / groups;
        // One for each worker; blocking workers that help, whose numbers come after, share what is left.
        std::vector<place> places(2 * groups);
        std::atomic<std::uint64_t> turns{0};
        auto const last = [&]() -> std::atomic<std::uint64_t>& {
            return places[static_cast<std::uint64_t>(this_fiber::worker()) % places.size()].last;
        };
        auto const body = [&](std::uint64_t me, std::uint64_t times) {
            std::uint64_t after_another = 0;
            for (std::uint64_t i = 0; i < times; ++i) {
                last().store(me, std::memory_order_relaxed);
                this_fiber::yield();
                after_another += last().load(std::memory_order_relaxed) != me;
            }
            turns.fetch_add(after_another, std::memory_order_relaxed);
            all.leave();
        };
        auto const run = [&](std::uint64_t times) {
            turns.store(0, std::memory_order_relaxed);
            start_line start(groups);
            all.expect(groups * (fibers + 1));
            for (std::uint64_t w = 0; w < groups; ++w)
                go({.worker = static_cast<int>(w)}, [&, w, times] {
                    start.arrive();
                    for (std::uint64_t f = 1; f <= fibers; ++f)
                        go([&body, me = w * fibers + f, times] { body(me, times); });
                    all.leave();
                });
            all.wait();
            start.since().stop(s);
        };
        run(10);
        run(each);
        s.count = each * fibers * groups;
        s.checksum = turns.load(std::memory_order_relaxed);
    });
}

bench_case const yield_case("yield", yield);
bench_case const yield_many_case("yield_many", yield_many);

}  // namespace
}  // namespace hocket::bench
