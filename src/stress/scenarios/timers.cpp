// timers: no wait with a time limit ends before its time, and every one ends.
//
// Fibers wait for 1 to 100 ms, each in one of six ways: sleep_for, sleep_until, a semaphore and a condition variable
// that nobody signals, a future that nobody fulfils, and a task with a delayed start. How late they are is measured,
// not judged: that is the machine's affair.
// Op: a wait. Latency: how late each ended.
// Broken: one sleep is cut to half.
#include <chrono>
#include <mutex>

#include <hocket/condition_variable.hpp>
#include <hocket/future.hpp>
#include <hocket/semaphore.hpp>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

using std::chrono::nanoseconds;

namespace {

// What all waiters share: things that never happen.
struct silence {
    counting_semaphore<> permits{0};
    hocket::mutex door;
    condition_variable bell;
    promise<void> promised;
    future<void> unfulfilled = promised.get_future();
};

enum way : std::uint64_t { sleep_for, sleep_until, semaphore, condition, unfulfilled_future, delayed_start, ways };

constexpr char const* way_names[ways] = {
    "sleep_for",      "sleep_until", "try_acquire_for", "wait_for of a condition", "wait_for of a future",
    "a delayed start"};

// Waits `how` for `d`: false when it ended for another reason than the time.
bool wait(silence& s, way how, nanoseconds d) {
    switch (how) {
        case sleep_for: this_fiber::sleep_for(d); return true;
        case sleep_until: this_fiber::sleep_until(std::chrono::steady_clock::now() + d); return true;
        case semaphore: return !s.permits.try_acquire_for(d);
        case condition: {
            std::unique_lock held(s.door);
            return s.bell.wait_for(held, d) == cv_status::timeout;
        }
        case unfulfilled_future: return s.unfulfilled.wait_for(d) == future_status::timeout;
        case delayed_start:
        case ways: break;
    }
    return true;
}

}  // namespace

void timers(trial& t) {
    std::uint64_t const waits = t.scaled(6'000, 24);
    tally ended;
    silence nothing;

    auto judge = [&](way how, std::int64_t start, nanoseconds asked) {
        std::int64_t const late = now_ns() - start - asked.count();
        if (late < 0)
            t.fail(std::string(way_names[how]) + " of " + std::to_string(asked.count()) + " ns ended " +
                   std::to_string(-late) + " ns early");
        t.latency.record(late);
        ended.add(1);
        t.ops.add(1);
    };

    on_stage(t, [&] {
        crew waiters(t);
        generator choice = t.random(0);
        for (std::uint64_t i = 0; i < waits; ++i) {
            auto const how = static_cast<way>(choice.below(ways));
            nanoseconds const asked(choice.between(1'000'000, 100'000'000));
            if (t.broken() && i == 0) {
                waiters.go([&] {
                    std::int64_t const start = now_ns();
                    this_fiber::sleep_for(std::chrono::milliseconds(50));
                    judge(sleep_for, start, std::chrono::milliseconds(100));
                });
            } else if (how == delayed_start) {
                waiters.go({.delay = asked}, [&judge, start = now_ns(), asked] { judge(delayed_start, start, asked); });
            } else {
                waiters.go([&, how, asked] {
                    std::int64_t const start = now_ns();
                    if (!wait(nothing, how, asked)) t.fail(std::string(way_names[how]) + " was woken by nobody");
                    judge(how, start, asked);
                });
            }
        }
    });
    t.expect("waits that ended", ended.sum(), waits);
}

}  // namespace hocket::stress
