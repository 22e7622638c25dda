// The timer wheel, with times that the test makes up.
#include "fibers/sched/timer_wheel.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "fibers/sched/task.hpp"
#include "seed.hpp"

using namespace hocket::detail;

namespace {

constexpr std::int64_t tick = 1 << 14;                     // nanoseconds
constexpr std::int64_t turn = std::int64_t{1} << (14 + 36);  // that the six levels span

struct probe : timer {
    int number = 0;
    std::vector<int>* log = nullptr;
    bool fired = false;
    task* ready = nullptr;  // what fire() returns

    static task* note(timer& self) noexcept {
        auto& p = static_cast<probe&>(self);
        p.fired = true;
        if (p.log != nullptr) p.log->push_back(p.number);
        return p.ready;
    }
    void set(std::int64_t when) {
        deadline = when;
        fired = false;
        fire = &note;
    }
};

// When a deadline has surely passed the end of its tick.
std::int64_t after(std::int64_t deadline) { return (deadline / tick + 1) * tick; }

}  // namespace

TEST_CASE("timer_wheel: an empty one has nothing to do") {
    timer_wheel w(1000 * tick);
    CHECK(w.next_service() == seam::forever);
    CHECK(w.size() == 0);
    CHECK(w.service(2000 * tick) == nullptr);
    timer never;
    CHECK_FALSE(timer_wheel::cancel(never));
}

TEST_CASE("timer_wheel: timers fire in the order of their ticks, those of one tick in the order they were armed") {
    std::vector<int> log;
    timer_wheel w(0);
    std::vector<probe> probes(6);
    std::int64_t const when[] = {500 * tick + 9, 20 * tick, 500 * tick + 1, 500 * tick + 5, 3 * tick, 70'000 * tick};
    for (int i = 0; i < 6; ++i) {
        auto& p = probes[static_cast<std::size_t>(i)];
        p.number = i;
        p.log = &log;
        p.set(when[i]);
        w.arm(p);
    }
    CHECK(w.size() == 6);
    w.service(100'000 * tick);
    CHECK(log == std::vector<int>{4, 1, 0, 2, 3, 5});
    CHECK(w.size() == 0);
    CHECK(w.next_service() == seam::forever);
}

TEST_CASE("timer_wheel: arm() tells when the next service has become earlier") {
    timer_wheel w(0);
    std::vector<probe> probes(4);
    for (auto& p : probes) p.set(0);
    probes[0].deadline = 100'000 * tick;
    CHECK(w.arm(probes[0]));
    probes[1].deadline = 900'000 * tick;
    CHECK_FALSE(w.arm(probes[1]));
    probes[2].deadline = 10 * tick;
    CHECK(w.arm(probes[2]));
    CHECK(w.next_service() <= after(10 * tick));
    CHECK(timer_wheel::cancel(probes[2]));
    CHECK(w.next_service() > after(10 * tick));
    for (auto& p : probes) timer_wheel::cancel(p);
}

TEST_CASE("timer_wheel: at every level boundary, and beside it, a timer fires in its tick and not before") {
    // Ticks at which something moves down a level, as seen from several present ticks.
    std::int64_t const starts[] = {0, 1, 63, 64, 4095, 4096, 262'143, 16'777'215, 1'073'741'823, (std::int64_t{1} << 36) - 2,
                                   (std::int64_t{1} << 36) - 1, std::int64_t{1} << 36};
    std::vector<std::int64_t> distances;
    for (int level = 0; level <= 6; ++level)
        for (std::int64_t const beside : {-1, 0, 1}) {
            std::int64_t const d = (std::int64_t{1} << (6 * level)) + beside;
            if (d >= 0) distances.push_back(d);
        }
    for (std::int64_t const start : starts)
        for (std::int64_t const d : distances)
            for (std::int64_t const within : {std::int64_t{0}, std::int64_t{1}, tick - 1}) {
                CAPTURE(start);
                CAPTURE(d);
                CAPTURE(within);
                timer_wheel w(start * tick);
                probe p;
                p.set((start + d) * tick + within);
                w.arm(p);
                // Only as often as the wheel asks for: it says when it has something to do.
                std::int64_t now = start * tick;
                int services = 0;
                while (!p.fired) {
                    std::int64_t const next = w.next_service();
                    REQUIRE(next <= after(p.deadline));
                    REQUIRE(next > now);
                    w.service(next - 1);
                    REQUIRE_FALSE(p.fired);
                    now = next;
                    w.service(now);
                    REQUIRE(++services < 20);
                }
                REQUIRE(now >= p.deadline);
                REQUIRE(now <= p.deadline + tick);
                REQUIRE(w.size() == 0);
                // And when nobody looked in between.
                timer_wheel lazy(start * tick);
                p.set((start + d) * tick + within);
                lazy.arm(p);
                lazy.service(p.deadline - 1);
                REQUIRE_FALSE(p.fired);
                lazy.service(after(p.deadline));
                REQUIRE(p.fired);
            }
}

TEST_CASE("timer_wheel: deadlines in the past fire at the next tick, deadlines for ever never") {
    timer_wheel w(1'000'000 * tick);
    probe past, negative, far, never;
    past.set(5 * tick);
    negative.set(-7);
    far.set(5 * turn + 3);
    never.set(seam::forever - 1);
    for (probe* const p : {&past, &negative, &far, &never}) w.arm(*p);
    w.service(1'000'001 * tick);
    CHECK(past.fired);
    CHECK(negative.fired);
    CHECK_FALSE(far.fired);
    for (int i = 1; i < 6; ++i) {
        w.service(i * turn - 1);
        CHECK_FALSE(far.fired);
    }
    w.service(5 * turn + 2);
    CHECK_FALSE(far.fired);
    w.service(after(5 * turn + 3));
    CHECK(far.fired);
    CHECK_FALSE(never.fired);
    CHECK(w.size() == 1);
    CHECK(timer_wheel::cancel(never));
    CHECK(w.size() == 0);
}

TEST_CASE("timer_wheel: a cancelled timer does not fire, wherever in the wheel it was") {
    std::vector<int> log;
    timer_wheel w(0);
    std::vector<probe> probes(300);
    for (int i = 0; i < 300; ++i) {
        auto& p = probes[static_cast<std::size_t>(i)];
        p.number = i;
        p.log = &log;
        p.set((i % 3 == 0 ? 1 : i % 3 == 1 ? 5000 : 40'000'000) * tick);
        w.arm(p);
    }
    // First, last and middle of each slot's list, then all but one.
    for (int i = 0; i < 300; ++i)
        if (i != 150 && i != 151) CHECK(timer_wheel::cancel(probes[static_cast<std::size_t>((i * 7) % 300)]) == ((i * 7) % 300 != 150));
    for (auto& p : probes) timer_wheel::cancel(p);
    CHECK(w.size() == 0);
    CHECK(w.next_service() == seam::forever);
    w.service(50'000'000 * tick);
    CHECK(log.empty());
    for (auto& p : probes) CHECK_FALSE(timer_wheel::cancel(p));
}

TEST_CASE("timer_wheel: those of one service who wake a task come in the order of firing") {
    timer_wheel w(0);
    std::vector<task> tasks(3);
    std::vector<probe> probes(4);
    for (std::size_t i = 0; i < 4; ++i) {
        probes[i].set(static_cast<std::int64_t>(10 * (4 - i)) * tick);
        if (i < 3) probes[i].ready = &tasks[i];
        w.arm(probes[i]);
    }
    timer const* fired = w.service(1000 * tick);
    for (std::size_t i : {2u, 1u, 0u}) {
        REQUIRE(fired == &probes[i]);
        CHECK(fired->woken == &tasks[i]);
        fired = fired->next;
    }
    CHECK(fired == nullptr);
}

TEST_CASE("timer_wheel: timers of one kind can be fired early, the others stay") {
    timer_wheel w(0);
    std::vector<task> tasks(1);
    std::vector<probe> early(200), others(200);
    for (std::size_t i = 0; i < early.size(); ++i) {
        auto const when = static_cast<std::int64_t>((i % 5 + 1) * (i % 7 == 0 ? 1'000'000u : i % 3 == 0 ? 5000u : 3u)) * tick;
        early[i].set(when);
        early[i].ready = tasks.data();
        early[i].fire = [](timer& self) noexcept { return static_cast<probe&>(self).ready; };
        w.arm(early[i]);
        others[i].set(when);
        w.arm(others[i]);
    }
    std::size_t fired = 0;
    for (timer const* t = w.fire_early(early[0].fire); t != nullptr; t = t->next) ++fired;
    CHECK(fired == early.size());
    CHECK(w.size() == others.size());
    for (auto& p : early) CHECK_FALSE(timer_wheel::cancel(p));
    for (auto& p : others) CHECK_FALSE(p.fired);
    CHECK(w.fire_early(early[0].fire) == nullptr);
    CHECK(timer_wheel::cancel(others[0]));
    w.service(20'000'000 * tick);
    for (std::size_t i = 1; i < others.size(); ++i) CHECK(others[i].fired);
    CHECK(w.size() == 0);
    CHECK(w.next_service() == seam::forever);
}

TEST_CASE("timer_wheel: thousands of random timers do what a sorted list would do") {
    std::uint64_t const seed = test_seed("timer_wheel");
    for (std::uint64_t trial = 0; trial < 6; ++trial) {
        CAPTURE(trial);
        random_stream random(seed, trial);
        // Far into the wheel's second turn, or just before it, or at the very start.
        std::int64_t now = trial % 3 == 0 ? 0 : trial % 3 == 1 ? turn - 1000 * tick : turn + static_cast<std::int64_t>(random.below(1u << 30));
        auto some_time = [&random] {  // all magnitudes alike
            return static_cast<std::int64_t>(random.below(std::uint64_t{1} << (random.below(37) + 10)));
        };
        timer_wheel w(now);
        std::vector<int> fired, expected;
        std::vector<probe> probes(3000);
        std::vector<int> idle;
        for (int i = 0; i < 3000; ++i) {
            probes[static_cast<std::size_t>(i)].number = i;
            probes[static_cast<std::size_t>(i)].log = &fired;
            idle.push_back(i);
        }
        // The model: by the tick of firing, then by the order of arming. The wheel's own time moves when it has something to do.
        std::multimap<std::int64_t, int> model;
        std::int64_t elapsed = now / tick;
        auto is_armed = [&](int i) {
            for (auto at = model.begin(); at != model.end(); ++at)
                if (at->second == i) return at;
            return model.end();
        };
        std::vector<int> armed;
        for (int step = 0; step < 20'000; ++step) {
            std::uint64_t const what = random.below(100);
            if (what < 45 && !idle.empty()) {
                std::size_t const pick = random.below(idle.size());
                probe& p = probes[static_cast<std::size_t>(idle[pick])];
                idle[pick] = idle.back();
                idle.pop_back();
                p.set(now + some_time() - (random.below(8) == 0 ? 3 * tick : 0));
                w.arm(p);
                std::int64_t const key = std::max((p.deadline < 0 ? 0 : p.deadline) / tick + 1, elapsed + 1);
                model.emplace(key, p.number);
                armed.push_back(p.number);
            } else if (what < 60 && !armed.empty()) {
                std::size_t const pick = random.below(armed.size());
                int const i = armed[pick];
                armed[pick] = armed.back();
                armed.pop_back();
                auto const at = is_armed(i);
                REQUIRE(timer_wheel::cancel(probes[static_cast<std::size_t>(i)]) == (at != model.end()));
                if (at != model.end()) {
                    model.erase(at);
                    idle.push_back(i);
                }
            } else if (what < 70) {
                now += some_time() / 16;
                std::int64_t const next = w.next_service();
                if (!model.empty()) REQUIRE(next <= model.begin()->first * tick);
                fired.clear();
                expected.clear();
                if (now >= next) elapsed = std::max(elapsed, now / tick);
                while (!model.empty() && model.begin()->first * tick <= now) {
                    int const i = model.begin()->second;
                    REQUIRE(probes[static_cast<std::size_t>(i)].deadline <= now);
                    expected.push_back(i);
                    idle.push_back(i);
                    std::erase(armed, i);
                    model.erase(model.begin());
                }
                w.service(now);
                REQUIRE(fired == expected);
            }
            REQUIRE(w.size() == model.size());
        }
        for (auto& p : probes) timer_wheel::cancel(p);
    }
}

TEST_CASE("timer_wheel: a timer that is cancelled while it may fire does one of the two") {
    constexpr int n = 4'000;
    timer_wheel w(0);
    std::atomic<std::int64_t> now{0};
    std::atomic<bool> stop{false};
    struct counted : timer {
        std::atomic<int> fires{0};
    };
    std::thread clock([&] {
        while (!stop.load()) {
            w.service(now.fetch_add(tick));
            std::this_thread::yield();  // the lock is not fair
        }
    });
    int cancelled = 0, fired = 0, wrong = 0;
    for (int i = 0; i < n; ++i) {
        auto t = std::make_unique<counted>();
        t->fire = [](timer& self) noexcept -> task* {
            static_cast<counted&>(self).fires.fetch_add(1, std::memory_order_relaxed);
            return nullptr;
        };
        t->deadline = now.load() + (i % 4) * tick;
        w.arm(*t);
        if (i % 3 == 0) std::this_thread::yield();
        bool const was_in_time = timer_wheel::cancel(*t);
        // From here on nobody touches it: it dies at the end of this turn.
        int const fires = t->fires.load(std::memory_order_relaxed);
        (was_in_time ? cancelled : fired) += 1;
        if (fires != (was_in_time ? 0 : 1)) ++wrong;
    }
    stop.store(true);
    clock.join();
    CHECK(wrong == 0);
    CHECK(cancelled + fired == n);
    CHECK(w.size() == 0);
}
