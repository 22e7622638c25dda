// bias: the owner works undisturbed, or thieves do; the queues come back to an owner whom nobody robs.
#include <hocket/detail/bias.hpp>

#include <hocket/detail/atomic.hpp>

#include "check.hpp"

using hocket::detail::atomic;
using hocket::detail::bias;
using hocket::detail::visit_as_thief;
using hocket::detail::seam::fault;
using hocket::explorer::finds;
using hocket::explorer::passes;
using hocket::explorer::require;
using hocket::explorer::tally;
using hocket::explorer::thread;

namespace {

// No thief is about while the owner is in a section that is his alone. `loot` is guarded by it: only ThreadSanitizer
// sees whether what one did was published to the other.
void sections_and_visits() {
    bias b;
    tally sections, visits;
    atomic<int> step{0};
    int loot = 0;
    auto rob = [&] {
        for (int i = 0; i < 2; ++i) {
            visit_as_thief const inside(b);
            if (!inside) continue;
            ++visits;
            require(sections == 0, "no visit while the owner is in a section of his own");
            require(loot >= 0, "what the owner has done is seen");
            step.fetch_add(1);
            require(sections == 0, "no section of his own begins while a thief is there");
            --visits;
        }
    };
    thread a(rob, "thief"), c(rob, "thief");
    for (int i = 0; i < 6; ++i) {
        if (b.begin()) {
            ++sections;
            require(visits == 0, "no section of his own while a thief is there");
            step.fetch_add(1);
            ++loot;
            require(visits == 0, "no visit begins in a section of the owner's own");
            --sections;
            b.end();
        } else {
            b.end();
            b.used_shared();
        }
    }
    a.join(), c.join();
    if (visit_as_thief const inside(b); inside) ++loot;
}

// The order of use of a take: the store that a thief must see, then the question whether one is there.
void stored_then_looked() {
    bias b;
    atomic<int> claim{0};
    tally taken;
    thread thief(
        [&] {
            visit_as_thief const inside(b);
            if (inside && claim.load() == 0) ++taken;
        },
        "thief");
    claim.store(1);
    if (!b.shared()) ++taken;  // whoever comes now sees the claim
    thief.join();
    require(taken <= 1, "the thief saw the claim, or the owner saw the thief");
}

// One that only looks in does not keep the queues open for good.
void taken_back() {
    bias b;
    thread thief([&] { visit_as_thief const inside(b); }, "thief");
    thief.join();
    bool alone = false;
    for (int i = 0; i < 16 && !alone; ++i) {
        alone = b.begin();
        b.end();
        if (!alone) b.used_shared();
    }
    require(alone, "the queues are the owner's again");
    thread another(
        [&] {
            visit_as_thief const inside(b);
            require(static_cast<bool>(inside), "nobody is in the way");
            for (int i = 0; i < 8; ++i) {
                require(!b.begin(), "the owner sees who is there");
                b.end();
                b.used_shared();
            }
        },
        "thief who plays the owner, too");
    another.join();
}

// An owner who stands still in a section is not waited for; he is alone to the end, and the thief leaves no trace.
void given_up() {
    bias b;
    require(b.begin(), "nobody is there");
    thread thief(
        [&] {
            visit_as_thief const inside(b);
            require(!inside, "nothing may be taken from an owner who stands still in a section");
        },
        "thief");
    thief.join();
    b.end();
    require(b.begin(), "the thief has gone");
    b.end();
}

}  // namespace

TEST_CASE("bias: the owner alone, or thieves") {
    passes({.name = "bias", .schedules = 20'000}, sections_and_visits);
    passes({.name = "bias, stored then looked", .schedules = 10'000}, stored_then_looked);
    passes({.name = "bias, taken back", .schedules = 2000}, taken_back);
    passes({.name = "bias, given up", .schedules = 500}, given_up);
}

TEST_CASE("bias: a thief that does not wait is found") {
    finds(fault::thief_does_not_wait, {.name = "bias, hasty thief", .schedules = 20'000}, "section",
          sections_and_visits);
    finds(fault::thief_does_not_wait, {.name = "bias, hasty thief who should have given up", .schedules = 500},
          "stands still", given_up);
}
