// spawn with Boost.Fiber: default stacks, round_robin. `pooled` = 1 takes stacks from its pool instead of from malloc.
#include <algorithm>
#include <atomic>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/future/async.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/fiber/pooled_fixedsize_stack.hpp>
#include <vector>

#include "side.hpp"

namespace hocket::bench {
namespace {

template <class Body>
boost::fibers::fiber make(boost::fibers::pooled_fixedsize_stack* pool, Body body) {
    if (pool == nullptr) return boost::fibers::fiber(std::move(body));
    return boost::fibers::fiber(std::allocator_arg, *pool, std::move(body));
}

sample spawn_fiber(parameters const& p) {
    sample s;
    static boost::fibers::pooled_fixedsize_stack pool;
    auto* const from = p["pooled"] != 0 ? &pool : nullptr;
    std::uint64_t const batch = p["batch"], batches = p["count"] / batch;
    std::uint64_t const together = p["together"] != 0 ? batch : 0;
    std::vector<std::uint64_t> results(batch);
    std::atomic<std::uint64_t> arrived{0};  // as ours
    std::uint64_t now = 0, most = 0;
    std::vector<boost::fibers::fiber> all;
    all.reserve(batch);
    auto const run_batch = [&](std::uint64_t b) {
        arrived.store(0, std::memory_order_relaxed);
        for (std::uint64_t i = 0; i < batch; ++i)
            all.push_back(make(from, [&, i, b] {
                arrived.fetch_add(1, std::memory_order_relaxed);
                most = std::max(most, ++now);
                do boost::this_fiber::yield();
                while (arrived.load(std::memory_order_relaxed) < together);
                --now;
                results[i] += i + b;
            }));
        for (auto& f : all) f.join();
        all.clear();
    };
    run_batch(0);
    std::fill(results.begin(), results.end(), 0);
    meter const m;
    for (std::uint64_t b = 0; b < batches; ++b) run_batch(b);
    m.stop(s);
    s.count = batch * batches;
    for (auto const r : results) s.checksum += r;
    s.parked = most;
    return s;
}

sample async_get(parameters const& p) {
    sample s;
    std::uint64_t const count = p["count"];
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < 100; ++i) sum += boost::fibers::async([i] { return i; }).get();
    sum = 0;
    meter const m;
    for (std::uint64_t i = 0; i < count; ++i) sum += boost::fibers::async([i] { return i; }).get();
    m.stop(s);
    s.count = count;
    s.checksum = sum;
    return s;
}

bench_case const spawn_fiber_case("spawn_fiber", spawn_fiber);
bench_case const async_case("async", async_get);

}  // namespace
}  // namespace hocket::bench
