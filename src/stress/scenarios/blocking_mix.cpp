// blocking: as many blocking tasks run at once as there are blocking workers, never more, and ordinary tasks go on
// meanwhile.
//
// As many blocking tasks as there are blocking workers hold their threads until they are let go; further blocking tasks
// queue up behind them. While they hold, a crowd of ordinary tasks must run to its end, and none of the further ones
// may start. Then fibers call hocket::blocking(f): each gets its own result or its own exception. The greatest number
// of blocking tasks seen at once must be the number of blocking workers.
// Op: a task or a call, of either kind. Latency: what hocket::blocking adds to the time f took, when no more fibers
// call it than there are blocking workers.
// Broken: one blocking task is spawned as an ordinary one.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <hocket/go.hpp>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

namespace {

// Counts who is inside. Of plain std: these tasks are meant to block their threads.
class gauge {
public:
    void enter() {
        std::lock_guard const held(guard_);
        ++inside_;
        most_ = std::max(most_, inside_);
    }
    void leave() {
        std::lock_guard const held(guard_);
        --inside_;
    }
    unsigned inside() {
        std::lock_guard const held(guard_);
        return inside_;
    }
    unsigned most() {
        std::lock_guard const held(guard_);
        return most_;
    }

    void hold() {
        std::unique_lock held(guard_);
        opened_.wait(held, [this] { return open_; });
    }
    void open() {
        std::lock_guard const held(guard_);
        open_ = true;
        opened_.notify_all();
    }

private:
    std::mutex guard_;
    std::condition_variable opened_;
    bool open_ = false;
    unsigned inside_ = 0;
    unsigned most_ = 0;
};

struct thrown_by_call : std::runtime_error {
    explicit thrown_by_call(std::uint64_t n) : std::runtime_error("call"), number(n) {}
    std::uint64_t number;
};

}  // namespace

static void beside_full_pool(trial& t, gauge& pool, unsigned width) {
    std::uint64_t const ordinary = t.scaled(20'000, 50), queued = 4 * width;
    tally ran, checksum, ran_blocking;

    crew blockers(t);
    for (unsigned i = 0; i < width; ++i)
        blockers.go_blocking([&] {
            pool.enter();
            pool.hold();
            pool.leave();
            ran_blocking.add(1);
            t.ops.add(1);
        });
    // The pool must fill; if it never does, the watchdog tells.
    while (pool.inside() < width) this_fiber::sleep_for(std::chrono::milliseconds(1));

    generator choice = t.random(0);
    auto brief = [&](std::uint64_t us) {
        pool.enter();
        std::this_thread::sleep_for(std::chrono::microseconds(us));
        pool.leave();
        ran_blocking.add(1);
        t.ops.add(1);
    };
    {
        crew others(t);
        for (std::uint64_t i = 0; i < queued; ++i) {
            std::uint64_t const us = choice.between(200, 2000);
            if (t.broken() && i == 0)
                others.go([&, us] { brief(us); });
            else
                blockers.go_blocking([&, us] { brief(us); });
        }
        for (std::uint64_t i = 0; i < ordinary; ++i)
            others.go([&, i] {
                if (i % 8 == 0) this_fiber::yield();
                ran.add(1);
                checksum.add(mix(i));
                t.ops.add(1);
            });
    }
    t.expect("blocking tasks inside while the pool was full", pool.inside(), width);
    pool.open();
    blockers.join();

    std::uint64_t wanted = 0;
    for (std::uint64_t i = 0; i < ordinary; ++i) wanted += mix(i);
    t.expect("ordinary tasks that ran", ran.sum(), ordinary);
    t.expect("checksum of the ordinary tasks", checksum.sum(), wanted);
    t.expect("blocking tasks that ran", ran_blocking.sum(), width + queued);
}

static void calls(trial& t, gauge& pool, std::uint64_t fibers, std::uint64_t each, bool timed) {
    crew callers(t);
    for (std::uint64_t f = 0; f < fibers; ++f)
        callers.go([&, f] {
            generator choice = t.random(1 + f + (timed ? 1'000'000 : 0));
            for (std::uint64_t i = 0; i < each; ++i) {
                std::uint64_t const number = f * each + i, us = choice.between(10, 200);
                bool const throwing = choice.one_in(4);
                std::int64_t began = 0, ended = 0;
                std::int64_t const start = now_ns();
                try {
                    std::uint64_t const got = blocking([&]() -> std::uint64_t {
                        began = now_ns();
                        pool.enter();
                        std::this_thread::sleep_for(std::chrono::microseconds(us));
                        pool.leave();
                        ended = now_ns();
                        if (throwing) throw thrown_by_call(number);
                        return mix(number);
                    });
                    t.expect("result of call " + std::to_string(number), got, mix(number));
                    if (throwing) t.fail("call " + std::to_string(number) + " threw, and its caller got a result");
                } catch (thrown_by_call const& e) {
                    t.expect("exception of call " + std::to_string(number), e.number, number);
                    if (!throwing)
                        t.fail("call " + std::to_string(number) + " returned, and its caller got an exception");
                }
                if (timed) t.latency.record(now_ns() - start - (ended - began));
                t.ops.add(1);
            }
        });
}

void blocking_mix(trial& t) {
    gauge pool;
    stage s(t);
    unsigned const width = s.runtime().stats().blocking_workers;
    s.run([&] {
        beside_full_pool(t, pool, width);
        calls(t, pool, width, t.scaled(500, 8), true);
        calls(t, pool, t.scaled(200, 8), 5, false);
    });
    s.close();
    t.expect("most blocking tasks at once", pool.most(), width);
}

}  // namespace hocket::stress
