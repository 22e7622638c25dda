// churn: of timers that are armed and cancelled all the time, none fires that was cancelled, and none is forgotten.
//
// Pairs of fibers: one waits with a deadline, long or about as long as its partner takes, for a permit, a value, a
// condition, or with a stop token; the partner gives it at once, a little later, or when the deadline has long passed. Each
// wait ends in one way only: what was given and not taken is still there, and no deadline came early.
// Op: a wait. Latency: how late those ended that timed out.
// Broken: a wait that timed out is taken for one that got something.
#include <chrono>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include <hocket/channel.hpp>
#include <hocket/condition_variable.hpp>
#include <hocket/semaphore.hpp>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

using std::chrono::nanoseconds;

namespace {

// What the two of a pair have in common.
struct pair_of_fibers {
    counting_semaphore<> permits{0};
    channel<int> values{unbounded};
    hocket::mutex door;
    condition_variable bell;
    std::uint64_t rung = 0;  // under the door, as the next
    std::uint64_t heard = 0;
    counting_semaphore<> turn{0};  // for the giver: the waiter is about to wait
    std::uint64_t got[3] = {};
};

enum way : std::uint64_t { semaphore, receive, condition, ways };

// The giver's part.
void give(pair_of_fibers& p, way what) {
    switch (what) {
        case semaphore: p.permits.release(); break;
        case receive: static_cast<void>(p.values.send(1)); break;
        default: {
            std::lock_guard const held(p.door);
            ++p.rung;
            p.bell.notify_one();
        }
    }
}

// Whether something came before the deadline, or the stop.
bool take(pair_of_fibers& p, way what, std::stop_token const& stop, nanoseconds d) {
    switch (what) {
        case semaphore: return p.permits.try_acquire_for(stop, d);
        case receive: {
            std::optional<int> v;
            return p.values.recv_for(v, stop, d) == channel_status::success;
        }
        default: {
            std::unique_lock held(p.door);
            if (!p.bell.wait_for(held, stop, d, [&] { return p.rung != p.heard; })) return false;
            ++p.heard;
            return true;
        }
    }
}

}  // namespace

void timer_churn(trial& t) {
    constexpr std::uint64_t pairs = 24;
    std::uint64_t const waits = t.scaled(3'000, 30);
    on_stage(t, [&] {
        std::vector<pair_of_fibers> pair(pairs);
        crew all(t);
        for (std::uint64_t i = 0; i < pairs; ++i) {
            // Both draw the same.
            auto const draws = [&t, i, waits, &p = pair[i]](auto each) {
                generator choice = t.random(i);
                for (std::uint64_t n = 0; n < waits; ++n) {
                    way const what = static_cast<way>(choice.below(ways));
                    nanoseconds const limit(choice.one_in(4) ? 3'600'000'000'000 : choice.below(150'000));
                    nanoseconds const pause(choice.one_in(2) ? 0 : choice.below(200'000));
                    each(p, what, limit, pause, choice.one_in(8));
                }
            };
            all.go([&, i, draws] {
                bool breaks = t.broken() && i == 0;
                draws([&](pair_of_fibers& p, way what, nanoseconds limit, nanoseconds, bool stops) {
                    std::stop_source asked;
                    if (stops) asked.request_stop();
                    std::int64_t const begin = now_ns();
                    p.turn.release();
                    bool const got = take(p, what, asked.get_token(), limit);
                    std::int64_t const late = now_ns() - begin - limit.count();
                    if (!got && !stops) {
                        if (late < 0) t.fail("a wait timed out " + std::to_string(-late) + " ns early");
                        t.latency.record(late);
                    }
                    p.got[what] += got || std::exchange(breaks, false) ? 1 : 0;
                    t.ops.add(1);
                });
            });
            all.go([draws] {
                draws([&](pair_of_fibers& p, way what, nanoseconds, nanoseconds pause, bool) {
                    p.turn.acquire();
                    if (pause.count() != 0) this_fiber::sleep_for(pause);
                    give(p, what);
                });
            });
        }
        all.join();
        for (pair_of_fibers& p : pair) {
            std::uint64_t sum = p.got[semaphore] + p.got[receive] + p.got[condition];
            while (p.permits.try_acquire()) ++sum;
            sum += p.values.size() + p.rung - p.heard;
            t.expect("permits, values and rings taken and left", sum, waits);
        }
    });
}

}  // namespace hocket::stress
