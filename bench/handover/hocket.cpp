// handover: a value to a fiber pinned to another worker and back. With pause_us = 0 both workers are awake all the
// time; else the one that starts sleeps so long before every trip, and the other worker has gone to sleep meanwhile.
// With bound = 1 each of the two workers is bound to a core of its own, as the threads of the rival are; with 0 they
// stand where the system puts them.
#include <chrono>
#include <hocket/channel.hpp>
#include <hocket/go.hpp>
#include <hocket/this_fiber.hpp>

#include "cores.hpp"
#include "stage.hpp"

namespace hocket::bench {
namespace {

sample handover(parameters const& p) {
    wait_group all;
    free_at_end const worker_0;  // is this thread
    return on_runtime(p, [&](sample& s) {
        std::uint64_t const count = p["count"];
        std::chrono::microseconds const pause(p["pause_us"]);
        bool const bound = p["bound"] != 0;
        channel<std::uint64_t> there, back;
        all.expect(2);
        go({.worker = 1}, [&] {
            if (bound) bind_to(1);
            while (auto v = there.recv())
                if (!back.send(*v + 1)) break;
            all.leave();
        });
        go({.worker = 0}, [&] {
            if (bound) bind_to(0);
            std::uint64_t value = 0;
            s.latencies_ns.reserve(count);
            meter const m;
            for (std::uint64_t i = 0; i < count; ++i) {
                if (pause.count() != 0) this_fiber::sleep_for(pause);
                std::int64_t const start = pause.count() != 0 ? now_ns() : 0;
                if (!there.send(value)) break;
                value = back.recv().value_or(0);
                if (pause.count() != 0) s.latencies_ns.push_back(static_cast<double>(now_ns() - start));
            }
            m.stop(s);
            s.count = count;
            s.checksum = value;
            there.close();
            all.leave();
        });
        all.wait();
    });
}

bench_case const handover_case("handover", handover);

}  // namespace
}  // namespace hocket::bench
