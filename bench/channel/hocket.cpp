// channel: `round_trip`: two fibers of one worker hand a value to and fro, unbuffered. `crowd`: many senders and
// receivers share a buffered channel.
#include <hocket/channel.hpp>
#include <hocket/go.hpp>
#include <vector>

#include "stage.hpp"

namespace hocket::bench {
namespace {

// The echo adds one; the checksum is the value after all trips.
sample round_trip(parameters const& p) {
    wait_group all;
    return on_runtime(p, [&](sample& s) {
        std::uint64_t const count = p["count"];
        channel<std::uint64_t> there, back;
        all.expect(1);
        go([&] {
            while (auto v = there.recv())
                if (!back.send(*v + 1)) break;
            all.leave();
        });
        auto const trips = [&](std::uint64_t n) {
            std::uint64_t value = 0;
            for (std::uint64_t i = 0; i < n && there.send(value); ++i) value = back.recv().value_or(0);
            return value;
        };
        trips(100);
        meter const m;
        s.checksum = trips(count);
        m.stop(s);
        s.count = count;
        there.close();
        all.wait();
    });
}

// Checksum: the sum of all values received.
sample crowd(parameters const& p) {
    wait_group sent, received;
    return on_runtime(p, [&](sample& s) {
        std::uint64_t const pairs = p["pairs"], each = p["count"] / pairs;
        std::vector<std::uint64_t> sums(pairs);
        meter const m;
        channel<std::uint64_t> items(p["capacity"]);
        sent.expect(pairs);
        received.expect(pairs);
        for (std::uint64_t f = 0; f < pairs; ++f) {
            go([&, f] {
                for (std::uint64_t i = 0; i < each; ++i)
                    if (!items.send(f * each + i)) break;
                sent.leave();
            });
            go([&, f] {
                std::uint64_t sum = 0;
                while (auto v = items.recv()) sum += *v;
                sums[f] = sum;
                received.leave();
            });
        }
        sent.wait();
        items.close();
        received.wait();
        m.stop(s);
        s.count = each * pairs;
        for (auto const v : sums) s.checksum += v;
    });
}

bench_case const round_trip_case("round_trip", round_trip);
bench_case const crowd_case("crowd", crowd);

}  // namespace
}  // namespace hocket::bench
