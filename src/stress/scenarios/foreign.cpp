// foreign: threads that belong to no runtime submit tasks before, while and after it runs, and each is run as asked.
//
// Several threads submit half of their tasks before the runtime starts and half while it runs: ordinary ones, ones
// bound to a worker, and blocking ones; each task looks where it is. A thread then waits for all of its tasks. When
// run() has returned, some more are submitted, which the shutdown must run.
// Op: a task. Latency: from the submission, while the runtime runs, to the first line of the task, of one in 16.
// Broken: one submission is left out.
#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

constexpr unsigned threads = 4;
constexpr std::uint64_t late_tasks = 100;

void foreign(trial& t) {
    std::uint64_t const each = t.scaled(20'000, 40);
    tally ran, checksum;
    stage s(t);
    auto const figures = s.runtime().stats();
    int const workers = static_cast<int>(figures.workers);

    auto done = [&](std::uint64_t number) {
        ran.add(1);
        checksum.add(mix(number));
        t.ops.add(1);
    };
    auto submit = [&](crew& mine, std::uint64_t number, generator& choice, bool timed) {
        std::int64_t const asked = timed && number % 16 == 0 ? now_ns() : 0;
        auto const kind = choice.below(16);
        int const bound = static_cast<int>(choice.below(figures.workers));
        if (t.broken() && number == 0) return;
        auto started = [&t, asked] {
            if (asked != 0) t.latency.record(now_ns() - asked);
        };
        if (kind == 0) {
            mine.go_blocking_on(s.runtime(), [&, started, number] {
                started();
                if (this_fiber::worker() < workers)
                    t.fail("a blocking task ran on worker " + std::to_string(this_fiber::worker()));
                done(number);
            });
        } else if (kind < 4) {
            mine.go_on(s.runtime(), {.worker = bound}, [&, started, number, bound] {
                started();
                t.expect("worker of a task bound to it", this_fiber::worker(), bound);
                if (number % 2 == 0) this_fiber::yield();
                t.expect("worker of a bound task that yielded", this_fiber::worker(), bound);
                done(number);
            });
        } else {
            mine.go_on(s.runtime(), {}, [&, started, number] {
                started();
                if (number % 8 == 0) this_fiber::yield();
                done(number);
            });
        }
    };

    std::latch half_way(threads);  // all have submitted what is to come before the start
    std::atomic<unsigned> returned{0};
    std::vector<std::jthread> outside;
    for (unsigned me = 0; me < threads; ++me)
        outside.emplace_back([&, me] {
            generator choice = t.random(me);
            crew mine(t);
            std::uint64_t const first = me * each;
            for (std::uint64_t i = 0; i < each / 2; ++i) submit(mine, first + i, choice, false);
            half_way.arrive_and_wait();
            for (std::uint64_t i = each / 2; i < each; ++i) submit(mine, first + i, choice, true);
            mine.join();
            returned.fetch_add(1, std::memory_order_release);
        });
    half_way.wait();
    s.run([&] {
        // acquire: pairs with the release of the threads. Sleeping leaves the worker to the tasks bound to it.
        while (returned.load(std::memory_order_acquire) != threads) this_fiber::sleep_for(std::chrono::milliseconds(1));
    });
    for (auto& thread : outside) thread.join();

    for (std::uint64_t i = 0; i < late_tasks; ++i)
        s.runtime().go([&done, number = threads * each + i] { done(number); });
    s.close_draining();

    std::uint64_t wanted = 0;
    for (std::uint64_t i = 0; i < threads * each + late_tasks; ++i) wanted += mix(i);
    t.expect("tasks that ran", ran.sum(), threads * each + late_tasks);
    t.expect("checksum of the tasks that ran", checksum.sum(), wanted);
}

}  // namespace hocket::stress
