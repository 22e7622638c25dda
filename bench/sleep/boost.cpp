// sleep with Boost.Fiber: round_robin. (Under shared_work four fibers that yield keep a sleeper asleep for ever.)
#include <algorithm>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#include <chrono>
#include <vector>

#include "side.hpp"

namespace hocket::bench {
namespace {

sample sleepers(parameters const& p) {
    sample s;
    std::uint64_t const count = p["count"];
    std::uint64_t sum = 0, asleep = 0;
    auto const crowd = [&] {
        sum = 0;
        std::vector<boost::fibers::fiber> all;
        all.reserve(count);
        for (std::uint64_t i = 0; i < count; ++i)
            all.emplace_back([&, i] {
                std::int64_t const until = now_ns() + sleep_of(i);
                s.parked = std::max(s.parked, ++asleep);
                boost::this_fiber::sleep_for(std::chrono::nanoseconds(sleep_of(i)));
                --asleep;
                if (now_ns() >= until) sum += i;
            });
        for (auto& f : all) f.join();
    };
    if (p["warm"] != 0) crowd();
    meter const m;
    crowd();
    m.stop(s);
    s.count = count;
    s.checksum = sum;
    return s;
}

sample late(parameters const& p) {
    sample s;
    bool over = false;
    std::int64_t const length = static_cast<std::int64_t>(p["sleep_us"]) * 1000;
    std::vector<boost::fibers::fiber> busy;
    for (std::uint64_t f = 0; f < p["fibers"]; ++f)
        busy.emplace_back([&] {
            while (!over) {
                spin_for(20'000);
                boost::this_fiber::yield();
            }
        });
    // The main fiber of a thread is bound to it and treated otherwise: the sleeper is a fiber like any other.
    boost::fibers::fiber sleeper([&] {
        meter const m;
        for (std::uint64_t i = 0; i < p["count"]; ++i) {
            std::int64_t const until = now_ns() + length;
            boost::this_fiber::sleep_for(std::chrono::nanoseconds(length));
            std::int64_t const after = now_ns() - until;
            if (after >= 0) ++s.checksum;
            s.latencies_ns.push_back(static_cast<double>(after));
        }
        m.stop(s);
        over = true;
    });
    sleeper.join();
    for (auto& f : busy) f.join();
    s.count = p["count"];
    return s;
}

bench_case const sleepers_case("sleepers", sleepers);
bench_case const late_case("late", late);

}  // namespace
}  // namespace hocket::bench
