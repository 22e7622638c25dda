// barrier: nobody begins a phase before all have ended the one before, and its completion comes in between.
//
// Fibers and a plain thread go through phases together; each writes down in which he is, arrives, waits (some in
// pieces of microseconds), and the completion function looks whether all have written. People drop out one by one
// until two are left. A latch tells when all have begun.
// Op: a phase of one person. Latency: from the completion to the return from wait.
// Broken: one of the people writes down the phase before.
#include <array>
#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include <hocket/barrier.hpp>
#include <hocket/latch.hpp>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

constexpr unsigned fibers = 16, people = fibers + 1;  // and a thread

void barrier_steps(trial& t) {
    std::uint64_t const phases = t.scaled(4'000, 40);
    std::array<std::uint64_t, people> in_phase{};  // plain: the barrier orders them
    std::uint64_t completed = 0;
    std::atomic<std::int64_t> completed_ns{0};
    latch begun(people);

    // Number n takes part up to this one.
    auto last_phase = [&](unsigned n) { return n < 2 ? phases : phases - phases * n / (2 * people); };
    auto completion = [&]() noexcept {
        ++completed;
        for (unsigned n = 0; n < people; ++n)
            if (completed <= last_phase(n) && in_phase[n] != completed)
                t.fail("phase " + std::to_string(completed) + " was over when person " + std::to_string(n) +
                       " was in phase " + std::to_string(in_phase[n]));
        completed_ns.store(now_ns(), std::memory_order_relaxed);
    };
    barrier<decltype(completion)> all(people, completion);

    auto person = [&](unsigned me) {
        generator choice = t.random(me);
        begun.arrive_and_wait();
        for (std::uint64_t phase = 1; phase <= last_phase(me); ++phase) {
            if (choice.one_in(8)) this_fiber::yield();
            in_phase[me] = t.broken() && me == 0 && phase == phases / 2 ? phase - 1 : phase;
            t.ops.add(1);
            if (phase == last_phase(me)) {
                all.arrive_and_drop();
                return;
            }
            auto arrived = all.arrive();
            if (choice.one_in(8))
                while (!all.wait_for(arrived, std::chrono::microseconds(choice.below(20)))) {
                }
            else
                all.wait(std::move(arrived));
            if (phase % 16 == 0) t.latency.record(now_ns() - completed_ns.load(std::memory_order_relaxed));
        }
    };

    on_stage(t, [&] {
        std::jthread outside(person, fibers);
        {
            crew inside(t);
            for (unsigned i = 0; i < fibers; ++i) inside.go([&, i] { person(i); });
        }
        outside.join();  // no fiber is left that it could wait for
    });
    t.expect("phases completed", completed, phases);
}

}  // namespace hocket::stress
