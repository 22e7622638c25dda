// The timer wheel: each timer fires once or is cancelled, never early, never after it has been cancelled.
#include <array>
#include <cstdint>
#include <hocket/detail/atomic.hpp>

#include "check.hpp"
#include "fibers/sched/task.hpp"
#include "fibers/sched/timer_wheel.hpp"
#include "seam/choice.hpp"
#include "seam/clock.hpp"
#include "seam/futex.hpp"

using hocket::detail::atomic;
using hocket::detail::task;
using hocket::detail::timer;
using hocket::detail::timer_wheel;
using hocket::detail::seam::fault;
using hocket::explorer::finds;
using hocket::explorer::passes;
using hocket::explorer::require;
using hocket::explorer::thread;
namespace seam = hocket::detail::seam;

namespace {

constexpr std::int64_t us = 1000;
constexpr std::int64_t tick = 16'384;

// A timer that keeps account of itself.
struct alarm : timer {
    alarm() {
        fire = [](timer& t) noexcept -> task* {
            auto& self = static_cast<alarm&>(t);
            require(self.alive, "no timer fires after cancel() has said that it will not");
            require(self.fired++ == 0, "no timer fires twice");
            require(seam::now() >= self.deadline, "no timer fires early");
            self.pulse.fetch_add(1);  // others get a chance while it fires
            self.finished = true;
            return nullptr;
        };
    }
    void set(timer_wheel& w, std::int64_t when) {
        deadline = when;
        w.arm(*this);
    }
    // As the owner's frame would end: fire() must not run afterwards.
    void end() {
        bool const cancelled = timer_wheel::cancel(*this);
        alive = false;
        require(cancelled == (fired == 0), "cancel() knows whether it has fired");
        require(cancelled || finished, "when cancel() returns, fire() has");
    }

    atomic<int> pulse{0};
    bool alive = true;
    int fired = 0;
    bool finished = false;
};

// Serves the wheel as a worker does, until told to stop: sleeps till the next service.
class server {
public:
    explicit server(timer_wheel& w) : wheel_(w) {}
    void run() {
        for (;;) {
            std::uint32_t const seen = news_.load();
            wheel_.service(seam::now());
            if (over_.load()) return;
            seam::futex_wait(news_, seen, wheel_.next_service());
        }
    }
    void look() {
        news_.fetch_add(1);
        seam::futex_wake(news_, 1);
    }
    void end() {
        over_.store(true);
        look();
    }

private:
    timer_wheel& wheel_;
    atomic<std::uint32_t> news_{0};
    atomic<bool> over_{false};
};

void fire_or_cancel() {
    timer_wheel wheel(seam::now());
    server serves(wheel);
    thread s([&] { serves.run(); }, "server");
    auto owner = [&](std::int64_t after) {
        alarm a;
        a.set(wheel, seam::now() + after);
        serves.look();
        atomic<int> elsewhere{0};
        for (int i = 0; i < 4; ++i) elsewhere.fetch_add(1);
        a.end();
    };
    thread a([&] { owner(0); }, "due at once"), b([&] { owner(3 * tick); }, "due soon");
    owner(100 * tick);
    a.join(), b.join();
    require(wheel.size() == 0, "no timer is left");
    serves.end();
    s.join();
}

// Two workers serve one wheel: what one of them fires, the other does not.
void two_servers() {
    timer_wheel wheel(seam::now());
    std::array<alarm, 4> alarms;
    std::int64_t const begin = seam::now();
    for (std::size_t i = 0; i < alarms.size(); ++i)
        alarms[i].set(wheel, begin + static_cast<std::int64_t>(i % 2) * 2 * tick);
    auto serve = [&] {
        for (;;) {
            std::int64_t const next = wheel.next_service();
            if (next == seam::forever) return;  // armed before the servers began, so the last has fired
            atomic<std::uint32_t> nothing{0};
            seam::futex_wait(nothing, 0, next);
            wheel.service(seam::now());
        }
    };
    thread a(serve, "server"), b(serve, "server");
    a.join(), b.join();
    for (alarm& one : alarms) require(one.fired == 1, "each fires");
}

// Deadlines of every magnitude, armed one after the other: each fires, and at most two ticks late when the wheel is
// served in time.
void far_and_near() {
    timer_wheel wheel(seam::now());
    seam::choice dice(1);
    std::array<alarm, 6> alarms;
    for (alarm& a : alarms)
        a.set(wheel, seam::now() + (std::int64_t{1} << (8 + dice.below(44))) + dice.below(1000) * us);
    std::int64_t last = 0;
    while (wheel.size() != 0) {
        std::int64_t const next = wheel.next_service();
        require(next != seam::forever, "armed timers have a next service");
        require(next > last, "the next service lies ahead");
        last = next;
        atomic<std::uint32_t> nothing{0};
        while (seam::futex_wait(nothing, 0, next)) {
        }
        std::int64_t const now = seam::now();
        wheel.service(now);
        for (alarm const& a : alarms)
            require(a.fired == 1 || a.deadline + 2 * tick > now, "what is due has fired");
    }
}

}  // namespace

TEST_CASE("timers: fired or cancelled, once, never early") {
    passes({.name = "timers", .schedules = 10'000}, fire_or_cancel);
    passes({.name = "timers, two servers", .schedules = 10'000}, two_servers);
    passes({.name = "timers, far and near", .schedules = 5000}, far_and_near);
}

TEST_CASE("timers: a cancel that does not wait for the firing is found") {
    finds(fault::timer_cancel_looks_without_lock, {.name = "timers, broken", .schedules = 20'000},
          "when cancel() returns, fire() has", fire_or_cancel);
}
