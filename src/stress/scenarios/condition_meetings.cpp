// condition: nobody passes a condition before it holds, and nobody who may pass is left waiting.
//
// First, meetings: fibers and a plain thread go through rounds together; the last to come notifies all, the others wait
// for that. After each meeting everybody looks how far the others are: none may be behind this round, none more than
// one ahead. Then a buffer with three places between producers and consumers who notify one at a time: every value must
// come out once. A wake-up that is lost stops either for ever, and the watchdog sees it. The people of the meetings are
// hocket::fiber objects; when all is over they are asked to stop, which they must be told through their stop tokens.
// Op: a round of one person, or a value. Latency: from notify_all to the return from wait.
// Broken: one of the people is two rounds ahead at one meeting.
#include <array>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include <hocket/condition_variable.hpp>
#include <hocket/fiber.hpp>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

namespace {

constexpr unsigned fibers = 16, people = fibers + 1;  // and a thread
constexpr unsigned producers = 4, consumers = 4;

class meeting {
public:
    // Waits until all have come; returns when notify_all was called, 0 for the one who called it.
    std::int64_t come() {
        std::unique_lock held(guard_);
        if (last_has_come()) return 0;
        std::uint64_t const mine = number_;
        over_.wait(held, [&] { return number_ != mine; });
        return called_ns_;
    }

private:
    bool last_has_come() {
        if (++present_ != people) return false;
        present_ = 0;
        ++number_;
        called_ns_ = now_ns();
        over_.notify_all();
        return true;
    }

    hocket::mutex guard_;
    condition_variable over_;
    unsigned present_ = 0;
    std::uint64_t number_ = 0;
    std::int64_t called_ns_ = 0;
};

class buffer {
public:
    void put(std::uint64_t value) {
        std::unique_lock held(guard_);
        not_full_.wait(held, [&] { return count_ < places_.size(); });
        places_[(first_ + count_++) % places_.size()] = value;
        not_empty_.notify_one();
    }
    std::uint64_t get() {
        std::unique_lock held(guard_);
        not_empty_.wait(held, [&] { return count_ != 0; });
        std::uint64_t const value = places_[first_];
        first_ = (first_ + 1) % places_.size();
        --count_;
        not_full_.notify_one();
        return value;
    }

private:
    hocket::mutex guard_;
    condition_variable not_full_;
    condition_variable not_empty_;
    std::array<std::uint64_t, 3> places_{};
    std::size_t first_ = 0;
    std::size_t count_ = 0;
};

}  // namespace

static void meetings(trial& t, std::uint64_t rounds) {
    meeting room;
    std::array<std::atomic<std::uint64_t>, people> reached{};
    std::atomic<unsigned> told{0};

    auto person = [&](unsigned me) {
        generator choice = t.random(me);
        for (std::uint64_t round = 1; round <= rounds; ++round) {
            if (choice.one_in(8)) this_fiber::yield();
            // The meeting orders it before the loads below.
            reached[me].store(round + (t.broken() && me == 0 && round == rounds / 2 ? 2 : 0),
                              std::memory_order_relaxed);
            if (std::int64_t const called = room.come(); called != 0) t.latency.record(now_ns() - called);
            for (unsigned other = 0; other < people; ++other)
                if (auto const r = reached[other].load(std::memory_order_relaxed); r < round || r > round + 1)
                    t.fail("person " + std::to_string(me) + " left meeting " + std::to_string(round) + " when person " +
                           std::to_string(other) + " was in round " + std::to_string(r));
            t.ops.add(1);
        }
    };

    std::jthread const outside(person, fibers);
    std::vector<fiber> inside;
    for (unsigned me = 0; me < fibers; ++me)
        inside.emplace_back([&, me](std::stop_token stop) {
            person(me);
            // Until asked. Sleeping, so that the others get on.
            while (!stop.stop_requested()) this_fiber::sleep_for(std::chrono::microseconds(200));
            told.fetch_add(1, std::memory_order_relaxed);
        });
    for (auto const& r : reached)
        while (r.load(std::memory_order_relaxed) != rounds) this_fiber::sleep_for(std::chrono::milliseconds(1));
    inside.clear();  // asks each to stop, and joins it
    t.expect("fibers that were told to stop", told.load(), fibers);
}

static void producers_and_consumers(trial& t, std::uint64_t each) {
    buffer between;
    tally sum;
    {
        crew all(t);
        for (unsigned p = 0; p < producers; ++p)
            all.go([&, p] {
                for (std::uint64_t i = 0; i < each; ++i) between.put(mix(p * each + i));
            });
        for (unsigned c = 0; c < consumers; ++c)
            all.go([&] {
                for (std::uint64_t i = 0; i < each * producers / consumers; ++i) {
                    sum.add(between.get());
                    t.ops.add(1);
                }
            });
    }
    std::uint64_t wanted = 0;
    for (std::uint64_t i = 0; i < producers * each; ++i) wanted += mix(i);
    t.expect("checksum of the values that came out", sum.sum(), wanted);
}

void condition_meetings(trial& t) {
    on_stage(t, [&] {
        meetings(t, t.scaled(2'000, 20));
        producers_and_consumers(t, t.scaled(20'000, 40));
    });
}

}  // namespace hocket::stress
