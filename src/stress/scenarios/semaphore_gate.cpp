// semaphore: never more are inside than there are permits, and none is lost or made.
//
// Fibers and plain threads take a permit, wait a little, and give it back; some give up after microseconds or when a
// stop is asked for, some keep two and give both back at once. At the end all permits must be there, and no other.
// Op: a visit. Latency: of acquire(), of one visit in 16.
// Broken: somebody gives back a permit that he has not taken.
#include <atomic>
#include <chrono>
#include <stop_token>
#include <thread>
#include <vector>

#include <hocket/semaphore.hpp>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

constexpr unsigned fibers = 32, threads = 2;
constexpr int permits = 5;

void semaphore_gate(trial& t) {
    std::uint64_t const each = t.scaled(6'000, 40);
    counting_semaphore<> gate(permits);
    std::atomic<int> inside{0};

    auto leave = [&](int n) {
        inside.fetch_sub(n, std::memory_order_relaxed);
        gate.release(n);
        t.ops.add(1);
    };
    auto visit = [&](unsigned me) {
        generator choice = t.random(me);
        for (std::uint64_t i = 0; i < each; ++i) {
            if (t.broken() && me == 0 && i == each / 2) gate.release();
            std::int64_t const start = i % 16 == 0 ? now_ns() : 0;
            std::chrono::microseconds const some(choice.below(30));
            std::stop_source stop;
            switch (choice.below(8)) {
                case 0:
                    if (!gate.try_acquire_for(some)) continue;
                    break;
                case 1:
                    if (some.count() < 15) stop.request_stop();
                    if (!gate.try_acquire_for(stop.get_token(), some)) continue;
                    break;
                case 2:
                    if (!gate.try_acquire()) continue;
                    break;
                default: gate.acquire();
            }
            if (start != 0) t.latency.record(now_ns() - start);
            if (int const others = inside.fetch_add(1, std::memory_order_relaxed); others >= permits)
                t.fail("number " + std::to_string(me) + " is inside with " + std::to_string(others) + " others");
            if (choice.one_in(8)) this_fiber::yield();
            int mine = 1;
            if (choice.one_in(8) && gate.try_acquire()) {
                inside.fetch_add(1, std::memory_order_relaxed);
                mine = 2;
            }
            leave(mine);
        }
    };

    on_stage(t, [&] {
        std::vector<std::jthread> outside;
        for (unsigned i = 0; i < threads; ++i) outside.emplace_back(visit, fibers + i);
        {
            crew all(t);
            for (unsigned i = 0; i < fibers; ++i) all.go([&, i] { visit(i); });
        }
        for (auto& thread : outside) thread.join();  // no fiber is left that they could wait for
    });
    int left = 0;
    while (gate.try_acquire()) ++left;
    t.expect("permits left", left, permits);
}

}  // namespace hocket::stress
