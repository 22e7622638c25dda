// parked: very many fibers that wait at once; what each of them costs, and how many there can be. Each keeps its number
// on its stack, may first run `deep` bytes deep, and waits for a semaphore. `parked` reads the memory of the process
// before and after, when all have waited for settle_ms (stack_kib = 0: default stacks); `guarded` looks for a guard below
// some.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <hocket/go.hpp>
#include <hocket/runtime.hpp>
#include <hocket/semaphore.hpp>
#include <hocket/this_fiber.hpp>

#include "memory.hpp"
#include "stage.hpp"

namespace hocket::bench {
namespace {

// Default options, but for the most stacks where they do not reach.
runtime_options room_for(parameters const& p) {
    runtime_options o = options(p);
    o.max_stacks = std::max<std::size_t>(o.max_stacks, p["fibers"] + p["fibers"] / 16);
    return o;
}

struct crowd {
    std::atomic<std::uint64_t> sum{0}, unguarded{0};
    counting_semaphore<> gate{0};
    wait_group arrived, gone;

    void stand(std::uint64_t i, std::size_t deep, std::size_t guard) {
        if (deep != 0) run_deep(deep);
        if (guard != 0 && looks_for_guard(i) && !guard_within(guard)) unguarded.fetch_add(1, std::memory_order_relaxed);
        std::uint64_t volatile mine = i;
        arrived.leave();
        gate.acquire();
        sum.fetch_add(mine, std::memory_order_relaxed);
        gone.leave();
    }
    // Parks so many, calls f() and wakes them.
    template <class F>
    void park(std::uint64_t fibers, std::size_t deep, std::size_t guard, F f) {
        arrived.expect(fibers);
        gone.expect(fibers);
        for (std::uint64_t i = 0; i < fibers; ++i) go([this, i, deep, guard] { stand(i, deep, guard); });
        arrived.wait();
        f();
        gate.release(static_cast<std::ptrdiff_t>(fibers));
        gone.wait();
    }
};

// Checksum: the sum of their numbers.
sample parked(parameters const& p) {
    sample s;
    std::uint64_t const fibers = p["fibers"], deep = p["deep"];
    need_memory(fibers, 5000 + deep);
    crowd all;
    runtime_options o = room_for(p);
    if (p["stack_kib"] != 0) o.stack_size = p["stack_kib"] * 1024;
    runtime rt(o);
    note_context(s, rt);
    rt.run([&] {
        meter const m;
        std::uint64_t const before = resident();
        all.park(fibers, deep, 0, [&] {
            this_fiber::sleep_for(std::chrono::milliseconds(p["settle_ms"]));
            s.bytes = resident() - before;
        });
        m.stop(s);
    });
    s.count = fibers;
    s.checksum = all.sum.load(std::memory_order_relaxed);
    return s;
}

// Count: how many there were. Checksum: as many as were wanted, when all that there were are right.
sample guarded(parameters const& p) {
    sample s;
    std::uint64_t const fibers = p["fibers"];
    need_memory(fibers, 5000);
    crowd all;
    runtime_options const o = room_for(p);
    runtime rt(o);
    note_context(s, rt);
    rt.run([&] {
        meter const m;
        all.park(fibers, 0, o.stack_size + 16 * 1024, [] {});
        m.stop(s);
    });
    s.count = fibers;
    bool const right = all.sum.load(std::memory_order_relaxed) == fibers * (fibers - 1) / 2 &&
                       all.unguarded.load(std::memory_order_relaxed) == 0;
    s.checksum = right ? fibers : 0;
    return s;
}

bench_case const parked_case("parked", parked);
bench_case const guarded_case("guarded", guarded);

}  // namespace
}  // namespace hocket::bench
