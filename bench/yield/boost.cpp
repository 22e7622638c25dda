// yield with Boost.Fiber.
#include <atomic>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#include <vector>

#include "side.hpp"

namespace hocket::bench {
namespace {

sample yield(parameters const& p) {
    sample s;
    std::uint64_t const fibers = p["fibers"], each = p["count"] / fibers;
    std::atomic<std::uint64_t> last{0}, turns{0};
    auto const body = [&](std::uint64_t me, std::uint64_t times) {
        std::uint64_t mine = 0;
        for (std::uint64_t i = 0; i < times; ++i) {
            last.store(me, std::memory_order_relaxed);
            boost::this_fiber::yield();
            mine += last.load(std::memory_order_relaxed) != me;
        }
        turns.fetch_add(mine, std::memory_order_relaxed);
    };
    auto const batch = [&](std::uint64_t times) {
        turns.store(0, std::memory_order_relaxed);
        std::vector<boost::fibers::fiber> all;
        all.reserve(fibers);
        for (std::uint64_t f = 1; f <= fibers; ++f) all.emplace_back([&body, f, times] { body(f, times); });
        for (auto& f : all) f.join();
    };
    batch(10);
    meter const m;
    batch(each);
    m.stop(s);
    s.count = each * fibers;
    s.checksum = turns.load(std::memory_order_relaxed);
    return s;
}

bench_case const yield_case("yield", yield);

}  // namespace
}  // namespace hocket::bench
