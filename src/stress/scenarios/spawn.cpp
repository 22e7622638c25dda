// spawn: every task that go() accepted runs exactly once, whoever spawned it and wherever it ended up.
//
// Tasks 0 .. N-1 each add 1 to a count and mix(number) to a checksum, so that a task lost and another run twice do not
// cancel out. They are spawned in bursts; some bursts come from the first task, some from a task spawned for the
// purpose, so that several workers spawn while others steal.
// Op: a task. Latency: from the call of go() to the first line of the task, of one task in 64; in a burst this is
// mostly the time spent in the queue.
// Broken: one task is not spawned.
#include <algorithm>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

void spawn(trial& t) {
    std::uint64_t const tasks = t.scaled(1'000'000, 100);
    tally ran, checksum;

    on_stage(t, [&] {
        crew workers(t);
        auto burst = [&](std::uint64_t first, std::uint64_t last) {
            for (std::uint64_t i = first; i < last; ++i) {
                if (t.broken() && i == tasks / 2) continue;
                std::int64_t const asked = i % 64 == 0 ? now_ns() : 0;
                workers.go([&, i, asked] {
                    if (asked != 0) t.latency.record(now_ns() - asked);
                    ran.add(1);
                    checksum.add(mix(i));
                });
            }
        };
        generator choice = t.random(0);
        for (std::uint64_t first = 0; first < tasks;) {
            std::uint64_t const last = std::min(tasks, first + choice.between(1, 2000));
            if (choice.one_in(2))
                workers.go([&burst, first, last] { burst(first, last); });
            else
                burst(first, last);
            if (choice.one_in(4)) this_fiber::yield();
            first = last;
        }
        workers.join();
    });

    t.ops.add(ran.sum());
    std::uint64_t wanted = 0;
    for (std::uint64_t i = 0; i < tasks; ++i) wanted += mix(i);
    t.expect("tasks that ran", ran.sum(), tasks);
    t.expect("checksum of the tasks that ran", checksum.sum(), wanted);
}

}  // namespace hocket::stress
