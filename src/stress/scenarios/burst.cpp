// burst: when a crowd of fibers has come and gone, so has the memory it took.
//
// A hundred thousand fibers, each with some memory in its arena, are parked at once, then all end. From then on the
// runtime is idle. Soon (that is measured, and judged only after ten seconds) the process is to have no more than a tenth
// more memory than before the crowd came, and the runtime no more stacks than its workers need. Under sanitizers, whose own memory does not shrink, only the stacks count.
// Op: a fiber. Latency: from the end of the last fiber until that is so, once a round.
// Broken: the crowd does not go.
#include <algorithm>
#include <atomic>
#include <chrono>

#include <hocket/hocket.hpp>
#include <string>
#include <thread>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/memory.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

void burst(trial& t) {
    std::uint64_t const fibers = t.scaled(100'000, 2000);
    constexpr std::int64_t patience = 10'000'000'000;  // ns

    stage s(t);
    // What the first use of anything costs is not the crowd's.
    auto crowd = [&](std::uint64_t n, counting_semaphore<>& gate, std::atomic<std::uint64_t>& waiting, crew& people) {
        for (std::uint64_t i = 0; i < n; ++i)
            people.go([&] {
                auto const keepsake = this_fiber::arena().make_span<std::uint64_t>(64);
                keepsake[63] = 1;
                waiting.fetch_add(1, std::memory_order_relaxed);
                gate.acquire();
                t.ops.add(keepsake[63]);
            });
        while (waiting.load(std::memory_order_relaxed) != n) this_fiber::yield();
    };
    s.run([&] {
        counting_semaphore<> gate{0};
        std::atomic<std::uint64_t> waiting{0};
        crew people(t);
        crowd(100, gate, waiting, people);
        gate.release(100);
    });
    std::this_thread::sleep_for(std::chrono::seconds(1));
    memory_use const before = memory_use::now();
    std::int64_t ended = 0;
    std::size_t most_stacks = 0;
    std::int64_t const allowed = before.resident + before.resident / 10;
    auto const stacks_needed = [&] {
        auto const now = s.runtime().stats();
        return 6 * (std::size_t{now.workers} + now.blocking_workers);  // some in use, the others at hand
    };
    auto const gone = [&] {
        return s.runtime().stats().stacks <= stacks_needed() &&
               (!memory_use::means_something() || memory_use::now().resident <= allowed);
    };
    s.run([&] {
        counting_semaphore<> gate{0};
        std::atomic<std::uint64_t> waiting{0};
        crew people(t);
        crowd(fibers, gate, waiting, people);
        most_stacks = s.runtime().stats().stacks;
        if (t.broken()) {
            blocking([&] {
                std::int64_t const deadline = now_ns() + 1'000'000'000;
                while (!gone() && now_ns() < deadline) std::this_thread::sleep_for(std::chrono::milliseconds(5));
                if (!gone()) t.fail("the memory of the crowd is not given back: it has not gone");
            });
        }
        gate.release(static_cast<std::ptrdiff_t>(fibers));
        people.join();
        ended = now_ns();
    });
    while (!gone() && now_ns() < ended + patience) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::int64_t const took = now_ns() - ended;
    t.latency.record(took);

    auto const kib = [](std::int64_t bytes) { return std::to_string(bytes / 1024) + " KiB"; };
    if (!gone())
        t.fail("ten seconds after the crowd has gone there are " + std::to_string(s.runtime().stats().stacks) +
               " stacks, at most " + std::to_string(stacks_needed()) + " are needed; resident memory is " +
               kib(memory_use::now().resident) + ", it was " + kib(before.resident));
    else if (memory_use::means_something())
        t.remark("resident memory was " + kib(before.resident) + ", and is " + kib(memory_use::now().resident) + " " +
                 std::to_string(took / 1'000'000) + " ms after the crowd has gone");
    if (most_stacks < fibers) t.fail("the crowd was not parked at once");
    t.expect("fibers that ended", t.ops.sum() % (fibers + 100), 0u);
    s.close();
}

}  // namespace hocket::stress
