// yield-ring: a fiber that yields comes back on its own stack as often as it yields, and everybody else gets a turn.
//
// First, fibers yield a fixed number of times and count the returns; each keeps a pattern on its stack that must still
// be there after every yield. Then a token goes round a smaller ring: only the fiber whose number it shows may pass it
// on, all others yield until then. If yield() let somebody starve, the token would stop and the watchdog would see it.
// The ring is short: where there are fewer cores than workers a hop can take a time slice of the system's scheduler.
// Op: a yield or a hop. Latency: from one yield to the return from it, of one in 64, in the first part.
// Broken: one fiber leaves out one yield.
#include <array>
#include <atomic>
#include <vector>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

constexpr std::uint64_t walkers = 100;
constexpr std::uint64_t ring = 8;

namespace {

// A pattern on a fiber's own stack. volatile, so that it is written to and read from memory each time.
class stack_mark {
public:
    explicit stack_mark(std::uint64_t owner) noexcept : owner_(owner) {
        for (std::uint64_t i = 0; i < words_.size(); ++i) words_[i] = mix(owner * words_.size() + i);
    }
    bool intact() const noexcept {
        for (std::uint64_t i = 0; i < words_.size(); ++i)
            if (words_[i] != mix(owner_ * words_.size() + i)) return false;
        return true;
    }

private:
    std::uint64_t const owner_;
    std::array<std::uint64_t volatile, 16> words_;
};

}  // namespace

static void free_yields(trial& t, std::uint64_t turns, std::vector<std::uint64_t>& counts) {
    crew fibers(t);
    for (std::uint64_t me = 0; me < walkers; ++me) {
        fibers.go([&, me] {
            stack_mark const mark(me);
            std::uint64_t const mine = t.broken() && me == walkers / 2 ? turns - 1 : turns;
            std::uint64_t told = 0;
            for (std::uint64_t turn = 0; turn < mine; ++turn) {
                std::int64_t const before = turn % 64 == 0 ? now_ns() : 0;
                this_fiber::yield();
                if (before != 0) t.latency.record(now_ns() - before);
                ++counts[me];
                if (!mark.intact())
                    return t.fail("fiber " + std::to_string(me) + " came back to a stack that is not its own");
                if (turn - told >= 256) {
                    t.ops.add(turn - told);
                    told = turn;
                }
            }
            t.ops.add(mine - told);
        });
    }
    fibers.join();
}

static void token_ring(trial& t, std::uint64_t laps) {
    std::atomic<std::uint64_t> token{0};
    std::uint64_t hops = 0;  // the token guards it
    crew fibers(t);
    for (std::uint64_t me = 0; me < ring; ++me) {
        fibers.go([&, me] {
            for (std::uint64_t lap = 0; lap < laps; ++lap) {
                // acquire: pairs with the release below, from the fiber before in the ring
                while (token.load(std::memory_order_acquire) != me) this_fiber::yield();
                if (hops != lap * ring + me)
                    t.fail("the token made " + std::to_string(hops) + " hops when fiber " + std::to_string(me) +
                           " got it in lap " + std::to_string(lap));
                ++hops;
                t.ops.add(1);
                token.store((me + 1) % ring, std::memory_order_release);
            }
        });
    }
    fibers.join();
    t.expect("hops of the token", hops, laps * ring);
}

void yield_ring(trial& t) {
    std::uint64_t const turns = t.scaled(20'000, 20);
    std::vector<std::uint64_t> counts(walkers);
    on_stage(t, [&] {
        free_yields(t, turns, counts);
        token_ring(t, t.scaled(200, 5));
    });
    for (std::uint64_t me = 0; me < walkers; ++me) t.expect("turns of fiber " + std::to_string(me), counts[me], turns);
}

}  // namespace hocket::stress
