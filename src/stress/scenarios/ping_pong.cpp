// ping-pong: what one fiber hands over the other receives, once, in turn, and nothing else.
//
// Three courts: channels without a buffer, channels with room for one, and two semaphores around a plain variable
// (which is handed over properly only if release() orders what came before it). The answer to v is mix(v).
// Op: a round trip. Latency: of a round trip, each.
// Broken: one answer is wrong.
#include <hocket/channel.hpp>
#include <hocket/semaphore.hpp>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

static void over_channels(trial& t, std::uint64_t trips, std::size_t capacity) {
    channel<std::uint64_t> there(capacity), back(capacity);
    crew fibers(t);
    fibers.go([&] {
        std::uint64_t answered = 0;
        for (std::uint64_t v : there) {
            std::uint64_t answer = mix(v);
            if (t.broken() && v == trips / 2) ++answer;
            if (!back.send(answer)) t.fail("the way back was closed at trip " + std::to_string(v));
            ++answered;
        }
        t.expect("values that came before the channel was closed", answered, trips);
    });
    for (std::uint64_t v = 0; v < trips; ++v) {
        std::int64_t const start = now_ns();
        if (!there.send(v)) t.fail("the way there was closed at trip " + std::to_string(v));
        auto const answer = back.recv();
        t.latency.record(now_ns() - start);
        if (!answer)
            t.fail("no answer to " + std::to_string(v));
        else if (*answer != mix(v))
            t.fail("the answer to " + std::to_string(v) + " was " + std::to_string(*answer));
        t.ops.add(1);
    }
    there.close();
    fibers.join();
    t.expect("values left on the way back", back.size(), 0u);
}

static void over_semaphores(trial& t, std::uint64_t trips) {
    std::uint64_t ball = 0;  // whoever holds the permit may touch it
    counting_semaphore<> there{0}, back{0};
    crew fibers(t);
    fibers.go([&] {
        for (std::uint64_t i = 0; i < trips; ++i) {
            there.acquire();
            ball = mix(ball);
            back.release();
        }
    });
    for (std::uint64_t i = 0; i < trips; ++i) {
        std::int64_t const start = now_ns();
        ball = i;
        there.release();
        back.acquire();
        t.latency.record(now_ns() - start);
        if (ball != mix(i)) t.fail("the ball of trip " + std::to_string(i) + " came back as " + std::to_string(ball));
        t.ops.add(1);
    }
    fibers.join();
    if (there.try_acquire() || back.try_acquire()) t.fail("a permit was left over");
}

void ping_pong(trial& t) {
    std::uint64_t const trips = t.scaled(100'000, 20);
    on_stage(t, [&] {
        over_channels(t, trips, 0);
        over_channels(t, trips, 1);
        over_semaphores(t, trips);
    });
}

}  // namespace hocket::stress
