// mutex with Boost.Fiber.
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/mutex.hpp>
#include <boost/fiber/operations.hpp>
#include <vector>

#include "side.hpp"

namespace hocket::bench {
namespace {

sample lock(parameters const& p) {
    sample s;
    boost::fibers::mutex guard;
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
    return s;
}

sample lock_yield(parameters const& p) {
    sample s;
    boost::fibers::mutex guard;
    std::uint64_t const count = p["fibers"], each = p["count"] / count;
    std::uint64_t sum = 0;
    std::vector<boost::fibers::fiber> all;
    meter const m;
    for (std::uint64_t f = 0; f < count; ++f)
        all.emplace_back([&] {
            for (std::uint64_t i = 0; i < each; ++i) {
                guard.lock();
                std::uint64_t const before = sum;
                boost::this_fiber::yield();
                sum = before + 1;
                guard.unlock();
            }
        });
    for (auto& f : all) f.join();
    m.stop(s);
    s.count = each * count;
    s.checksum = sum;
    return s;
}

bench_case const lock_case("lock", lock);
bench_case const lock_yield_case("lock_yield", lock_yield);

}  // namespace
}  // namespace hocket::bench
