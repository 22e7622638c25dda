// mutex: `lock`: one fiber, never contended. `lock_yield`: many fibers, each of which yields while it holds it.
#include <hocket/go.hpp>
#include <hocket/mutex.hpp>
#include <hocket/this_fiber.hpp>

#include "stage.hpp"

namespace hocket::bench {
namespace {

sample lock(parameters const& p) {
    return on_runtime(p, [&](sample& s) {
        mutex guard;
        std::uint64_t const count = p["count"];
        std::uint64_t volatile sum = 0;
        meter const m;
        for (std::uint64_t i = 0; i < count; ++i) {
            guard.lock();
            sum = sum + i;
            guard.unlock();
        }
        m.stop(s);
        s.count = count;
        s.checksum = sum;
    });
}

sample lock_yield(parameters const& p) {
    wait_group all;
    return on_runtime(p, [&](sample& s) {
        mutex guard;
        std::uint64_t const fibers = p["fibers"], each = p["count"] / fibers;
        std::uint64_t sum = 0;
        all.expect(fibers);
        meter const m;
        for (std::uint64_t f = 0; f < fibers; ++f)
            go([&] {
                for (std::uint64_t i = 0; i < each; ++i) {
                    guard.lock();
                    std::uint64_t const before = sum;
                    this_fiber::yield();
                    sum = before + 1;
                    guard.unlock();
                }
                all.leave();
            });
        all.wait();
        m.stop(s);
        s.count = each * fibers;
        s.checksum = sum;
    });
}

bench_case const lock_case("lock", lock);
bench_case const lock_yield_case("lock_yield", lock_yield);

}  // namespace
}  // namespace hocket::bench
