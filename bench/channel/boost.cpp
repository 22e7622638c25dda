// channel with Boost.Fiber. With two workers: the work_stealing scheduler.
#include <boost/fiber/algo/work_stealing.hpp>
#include <boost/fiber/barrier.hpp>
#include <boost/fiber/buffered_channel.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/fiber/unbuffered_channel.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "side.hpp"

namespace hocket::bench {
namespace {

namespace fibers = boost::fibers;

sample round_trip(parameters const& p) {
    sample s;
    std::uint64_t const count = p["count"];
    fibers::unbuffered_channel<std::uint64_t> there, back;
    fibers::fiber echo([&] {
        std::uint64_t v = 0;
        while (there.pop(v) == fibers::channel_op_status::success) back.push(v + 1);
    });
    auto const trips = [&](std::uint64_t n) {
        std::uint64_t value = 0;
        for (std::uint64_t i = 0; i < n; ++i) {
            there.push(value);
            back.pop(value);
        }
        return value;
    };
    trips(100);
    meter const m;
    s.checksum = trips(count);
    m.stop(s);
    s.count = count;
    there.close();
    echo.join();
    return s;
}

sample crowd_here(parameters const& p) {
    sample s;
    std::uint64_t const pairs = p["pairs"], each = p["count"] / pairs;
    std::vector<std::uint64_t> sums(pairs);
    meter const m;
    fibers::buffered_channel<std::uint64_t> items(p["capacity"]);
    std::vector<fibers::fiber> senders, receivers;
    for (std::uint64_t f = 0; f < pairs; ++f) {
        senders.emplace_back([&, f] {
            for (std::uint64_t i = 0; i < each; ++i) items.push(f * each + i);
        });
        receivers.emplace_back([&, f] {
            std::uint64_t sum = 0, v = 0;
            while (items.pop(v) == fibers::channel_op_status::success) sum += v;
            sums[f] = sum;
        });
    }
    for (auto& f : senders) f.join();
    items.close();
    for (auto& f : receivers) f.join();
    m.stop(s);
    s.count = each * pairs;
    for (auto const v : sums) s.checksum += v;
    return s;
}

// Its work_stealing can be set up once in a process: with two workers the second sample needs a process of its own.
sample crowd(parameters const& p) {
    auto const workers = static_cast<std::uint32_t>(p["workers"]);
    if (workers == 1) return crowd_here(p);
    sample s;
    std::mutex guard;
    fibers::condition_variable_any ended;
    bool over = false;
    auto const others = [&] {
        fibers::use_scheduling_algorithm<fibers::algo::work_stealing>(workers, true);
        std::unique_lock lock(guard);
        ended.wait(lock, [&] { return over; });
    };
    std::vector<std::thread> threads;
    for (std::uint32_t i = 1; i < workers; ++i) threads.emplace_back(others);
    threads.emplace_back([&] {
        fibers::use_scheduling_algorithm<fibers::algo::work_stealing>(workers, true);
        s = crowd_here(p);
        {
            std::lock_guard const lock(guard);
            over = true;
        }
        ended.notify_all();
    });
    for (auto& t : threads) t.join();
    return s;
}

bench_case const round_trip_case("round_trip", round_trip);
bench_case const crowd_case("crowd", crowd);

}  // namespace
}  // namespace hocket::bench
