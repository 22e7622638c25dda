// convoy: a crowd in one file before one mutex moves on, and who gives up is not missed.
//
// Fibers and a plain thread lock a timed_mutex again as soon as they have unlocked it, so that whoever holds it finds
// all the others waiting. Among them are impatient ones, who give up after microseconds or when a stop is asked for,
// and come again. Inside, two plain counters must be equal; at the end both must be the number of turns. A mutex that
// is handed to one who has gone stops the convoy for ever, and the watchdog sees it.
// Op: a turn. Latency: of lock(), of one turn in 16.
// Broken: the patient do not take the mutex.
#include <chrono>
#include <mutex>
#include <stop_token>
#include <thread>

#include <hocket/timed_mutex.hpp>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/guarded_pair.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

namespace {

class convoy {
public:
    convoy(trial& t, std::uint64_t turns) : trial_(t), turns_(turns), guarded_(t.broken()) {}

    void wait_in_line(unsigned me) {
        bool const locks = !trial_.broken();
        for (std::uint64_t i = 0; i < turns_; ++i) {
            std::int64_t const start = i % 16 == 0 ? now_ns() : 0;
            std::unique_lock held(door_, std::defer_lock);
            if (locks) held.lock();
            if (start != 0) trial_.latency.record(now_ns() - start);
            take_turn(me, i % 32 == 0 || !locks);
        }
    }

    void come_and_go(unsigned me, crew& others) {
        generator choice = trial_.random(me);
        for (std::uint64_t i = 0; i < turns_ / 4; ++i) {
            std::chrono::microseconds const some(choice.below(50));
            bool got;
            if (choice.one_in(4)) {
                std::stop_source stop;
                others.go([stop, some]() mutable {
                    this_fiber::sleep_for(some);
                    stop.request_stop();
                });
                got = door_.lock(stop.get_token());
            } else {
                got = door_.try_lock_for(some);
            }
            if (!got) continue;
            std::lock_guard const held(door_, std::adopt_lock);
            take_turn(me, false);
        }
    }

    void check() {
        trial_.expect("first counter", guarded_.first(), trial_.ops.sum() - before_);
        trial_.expect("second counter", guarded_.second(), trial_.ops.sum() - before_);
    }

private:
    void take_turn(unsigned me, bool pause) {
        if (!guarded_.equal()) trial_.fail("somebody was inside together with number " + std::to_string(me));
        guarded_.add_one(pause);
        trial_.ops.add(1);
    }

    trial& trial_;
    std::uint64_t const turns_;
    std::uint64_t const before_ = trial_.ops.sum();  // ops of earlier rounds
    timed_mutex door_;
    guarded_pair guarded_;
};

constexpr unsigned patient = 24, impatient = 8;

}  // namespace

void mutex_convoy(trial& t) {
    convoy line(t, t.scaled(4'000, 40));
    on_stage(t, [&] {
        std::jthread outside([&] { line.wait_in_line(patient); });
        {
            crew inside(t);
            for (unsigned i = 0; i < patient; ++i) inside.go([&, i] { line.wait_in_line(i); });
            for (unsigned i = 0; i < impatient; ++i) inside.go([&, i] { line.come_and_go(patient + 1 + i, inside); });
        }
        outside.join();  // no fiber is left that it could wait for
    });
    line.check();
}

}  // namespace hocket::stress
