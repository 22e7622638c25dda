// mutex: nobody is inside twice, nothing written inside is lost, and nobody waits for ever.
//
// Fibers and plain threads add 1 to two plain counters under one hocket::mutex; some yield while they hold it, some
// try_lock first. Inside, the counters must be equal; at the end both must be the number of sections.
// Op: a section. Latency: of lock(), of one section in 16.
// Broken: the mutex is not taken.
#include <mutex>
#include <thread>
#include <vector>

#include <hocket/mutex.hpp>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/guarded_pair.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

constexpr unsigned fibers = 32;
constexpr unsigned threads = 2;

void mutex_counters(trial& t) {
    std::uint64_t const sections = t.scaled(10'000, 50);
    guarded_pair guarded(t.broken());
    hocket::mutex door;

    auto work = [&](unsigned me) {
        generator choice = t.random(me);
        for (std::uint64_t i = 0; i < sections; ++i) {
            std::int64_t const start = i % 16 == 0 ? now_ns() : 0;
            bool const try_first = choice.one_in(8), pause = choice.one_in(16);
            std::unique_lock inside(door, std::defer_lock);
            if (!t.broken() && !(try_first && inside.try_lock())) inside.lock();
            if (start != 0) t.latency.record(now_ns() - start);
            if (!guarded.equal()) t.fail("somebody was inside together with fiber or thread " + std::to_string(me));
            guarded.add_one(pause);
            t.ops.add(1);
        }
    };

    on_stage(t, [&] {
        std::vector<std::jthread> outside;
        for (unsigned i = 0; i < threads; ++i) outside.emplace_back(work, fibers + i);
        {
            crew inside(t);
            for (unsigned i = 0; i < fibers; ++i) inside.go([&work, i] { work(i); });
        }
        // This blocks a worker, but no fiber is left that the threads could wait for.
        for (auto& thread : outside) thread.join();
    });
    t.expect("first counter", guarded.first(), sections * (fibers + threads));
    t.expect("second counter", guarded.second(), sections * (fibers + threads));
}

}  // namespace hocket::stress
