// The queues of the scheduler: every item comes out, and no item twice.
#include <array>
#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/bias.hpp>
#include <hocket/detail/deque.hpp>
#include <utility>

#include "check.hpp"
#include "fibers/sched/mailbox.hpp"
#include "fibers/sched/ready_ring.hpp"
#include "seam/clock.hpp"

using hocket::detail::atomic;
using hocket::detail::bias;
using hocket::detail::deque;
using hocket::detail::mailbox;
using hocket::detail::ready_ring;
using hocket::detail::visit_as_thief;
using hocket::detail::seam::fault;
using hocket::explorer::finds;
using hocket::explorer::passes;
using hocket::explorer::require;
using hocket::explorer::thread;
namespace seam = hocket::detail::seam;

namespace {

struct item {
    item* link = nullptr;
    int number = 0;
    int producer = 0;
    int taken = 0;  // plain: all virtual threads stand on one OS thread
};

template <std::size_t N>
struct items : std::array<item, N> {
    items() {
        for (std::size_t i = 0; i < N; ++i) (*this)[i].number = static_cast<int>(i);
    }
    void require_all_taken() const {
        for (item const& i : *this) require(i.taken == 1, "no item is lost");
    }
};

void take(item* i) {
    if (i != nullptr) require(++i->taken == 1, "no item comes out twice");
}

// One try of a thief who visits the owner of a deque.
void rob(deque<item>& d, bias& owners) {
    visit_as_thief const inside(owners);
    if (!inside) return;
    bool lost = false;
    take(d.steal(lost));
}

// The owner pushes and takes in bursts, so that the last item is fought for again and again; it grows from 2 slots.
// Once in a while he takes the oldest himself.
void owner_and_thieves() {
    items<10> all;
    deque<item> d(2);
    bias mine;
    atomic<bool> over{false};
    auto thief = [&] {
        for (int tries = 0; tries < 5 && !over.load(); ++tries) rob(d, mine);
    };
    thread a(thief, "thief"), b(thief, "thief");
    std::size_t next = 0;
    for (std::size_t const burst : {1, 2, 1, 3, 1}) {
        for (std::size_t i = 0; i < burst; ++i) require(d.push(&all[next++]), "there is memory to grow");
        bool lost = false;
        take(burst == 3 ? d.steal(lost) : d.take(mine));
    }
    while (item* const i = d.take(mine)) take(i);
    mine.take_back();
    d.shrink(mine);
    while (next < all.size()) require(d.push(&all[next++]), "there is room, or memory to grow");
    over.store(true);
    a.join(), b.join();
    // A thief that lost is gone by now; what it did not get is still there.
    while (item* const i = d.take(mine)) take(i);
    all.require_all_taken();
    require(d.size() == 0, "an empty deque says so");
}

// Thieves see the items in the order in which they were pushed.
void thieves_take_the_oldest() {
    items<6> all;
    deque<item> d(2);
    bias mine;
    thread a(
        [&] {
            int last = -1;
            for (int tries = 0; tries < 8; ++tries) {
                visit_as_thief const inside(mine);
                if (!inside) continue;
                bool lost = false;
                item* const i = d.steal(lost);
                if (i == nullptr) continue;
                take(i);
                require(i->number > last, "a thief takes the oldest");
                last = i->number;
            }
        },
        "thief");
    for (item& i : all) require(d.push(&i), "there is memory to grow");
    int last = 6;
    while (item* const i = d.take(mine)) {
        take(i);
        require(i->number < last, "the owner takes the newest");
        last = i->number;
    }
    a.join();
    while (item* const i = d.take(mine)) take(i);
    all.require_all_taken();
}

// As a fork uses it: what is pushed is taken back by the owner, who knows which it is, or has been stolen.
void pushed_and_taken_back() {
    items<6> all;
    deque<item> d(2);
    bias mine;
    thread a([&] { for (int tries = 0; tries < 4; ++tries) rob(d, mine); }, "thief");
    for (std::size_t i = 0; i < all.size(); i += 2) {
        require(d.push(&all[i]) && d.push(&all[i + 1]), "there is memory to grow");
        if (d.take_back(mine)) take(&all[i + 1]);
        if (d.take_back(mine)) take(&all[i]);
    }
    a.join();
    require(!d.take_back(mine), "no item is left");
    all.require_all_taken();
}

// A worker's ring, with what guards it.
struct guarded_ring : ready_ring<item> {
    guarded_ring() : ready_ring(2) {}
    item* pop() { return ready_ring::pop(mine); }
    bias mine;
};

// The owner's ring grows from 2 slots; one thief takes halves, the other single items.
void ring_owner_and_thieves() {
    items<8> all;
    guarded_ring r;
    auto halves = [&] {
        guarded_ring mine;
        for (int tries = 0; tries < 4; ++tries) {
            {
                visit_as_thief const inside(r.mine);
                if (!inside) continue;
                std::size_t const got = mine.steal_half(r);
                require(mine.size() == got, "what was stolen is there");
            }
            int last = -1;
            while (item* const i = mine.pop()) {
                take(i);
                require(i->number > last, "stolen items keep their order");
                last = i->number;
            }
        }
    };
    auto singles = [&] {
        for (int tries = 0; tries < 4; ++tries) {
            visit_as_thief const inside(r.mine);
            if (inside) take(r.steal());
        }
    };
    thread a(halves, "thief of halves"), b(singles, "thief of one");
    for (item& i : all) {
        require(r.push(&i), "there is memory to grow");
        if (i.number % 3 != 1) take(r.pop());
    }
    while (item* const i = r.pop()) take(i);
    a.join(), b.join();
    all.require_all_taken();
}

// Three workers, each with a ring of its own, who rob each other when they have nothing.
void rings_that_rob_each_other() {
    items<9> all;
    guarded_ring rings[3];
    auto work = [&](std::size_t me) {
        guarded_ring& mine = rings[me];
        for (std::size_t k = 0; k < 3; ++k) {
            require(mine.push(&all[me * 3 + k]), "there is memory to grow");
            if (k == me) take(mine.pop());
        }
        for (int looks = 0; looks < 4; ++looks) {
            while (item* const i = mine.pop()) take(i);
            guarded_ring& victim = rings[(me + 1 + static_cast<std::size_t>(looks) % 2) % 3];
            if (visit_as_thief const inside(victim.mine); inside) mine.steal_half(victim);
        }
        while (item* const i = mine.pop()) take(i);
    };
    thread a([&] { work(0); }, "worker 0"), b([&] { work(1); }, "worker 1"), c([&] { work(2); }, "worker 2");
    a.join(), b.join(), c.join();
    all.require_all_taken();
}

// Fibers that yield to each other and to fresh tasks, while thieves take some: the section of the one that leaves ends
// only when it has been saved, and no thief finds it before.
void yielding_fibers() {
    struct fiber : item {
        bool saved = true;
    };
    std::array<fiber, 5> all;
    for (fiber& f : all) f.taken = 1;
    ready_ring<fiber> r(2);
    deque<fiber> fresh(2);
    bias mine;
    auto goes_on = [](fiber* f) {
        require(f->saved, "a fiber goes on only after it has been saved");
        f->saved = false;
    };
    auto rob = [&](bool half) {
        ready_ring<fiber> loot(4);
        bias own;
        for (int tries = 0; tries < 3; ++tries) {
            visit_as_thief const inside(mine);
            if (!inside) continue;
            fiber* one = nullptr;
            bool lost = false;
            if (half)
                loot.steal_half(r);
            else if ((one = fresh.steal(lost)) == nullptr)
                one = r.steal();
            while (one != nullptr || (one = loot.pop(own)) != nullptr) {
                goes_on(one);
                --one->taken;
                one = nullptr;
            }
        }
    };
    fiber* runs = &all[0];
    goes_on(runs);
    require(r.push(&all[1]) && r.push(&all[2]) && fresh.push(&all[3]), "there is memory to grow");
    bool late = false;
    auto fresh_later = [&] {
        if (!std::exchange(late, true)) require(fresh.push(&all[4]), "there is memory to grow");
    };
    thread a([&] { rob(true); }, "thief of halves"), b([&] { rob(false); }, "thief of one");
    for (int yields = 0; yields < 8 && runs != nullptr; ++yields) {
        if (yields == 2) fresh_later();
        fiber* const before = runs;
        if (mine.begin()) {
            if (fresh.empty()) {
                fiber* after;
                if (!r.rotate(before, runs, after)) before->saved = true, goes_on(before);
            } else {
                require(r.push(before), "there is memory to grow");
                runs = fresh.take(mine);
            }
            if (runs != before) {
                seam::now();  // a scheduling point
                before->saved = true;
            }
            mine.end();
        } else {
            mine.end();
            before->saved = true;
            require(r.push(before), "there is memory to grow");
            runs = r.pop(mine);
        }
        if (runs == nullptr) runs = r.pop(mine);
        if (runs != nullptr && runs != before) goes_on(runs);
        if (runs == before && before->saved) before->saved = false;  // it came round at once
    }
    if (runs != nullptr) --runs->taken;
    fresh_later();
    a.join(), b.join();
    while (fiber* const f = r.pop(mine)) {
        goes_on(f);
        --f->taken;
    }
    while (fiber* const f = fresh.take(mine)) --f->taken;
    for (fiber const& f : all) require(f.taken == 0, "each fiber has gone on in one place");
}

void putters_and_owner() {
    items<6> all;
    mailbox<item> box;
    auto put = [&](int producer) {
        for (int k = 0; k < 3; ++k) {
            item& i = all[static_cast<std::size_t>(producer * 3 + k)];
            i.producer = producer;
            box.put(&i);
        }
    };
    int last[2] = {-1, -1};
    auto collect = [&] {
        for (item* i = box.take_all(); i != nullptr;) {
            item* const next = i->link;
            take(i);
            require(i->number > last[i->producer], "a producer's items keep their order");
            last[i->producer] = i->number;
            i = next;
        }
    };
    thread a([&] { put(0); }, "producer 0"), b([&] { put(1); }, "producer 1");
    for (int tries = 0; tries < 4; ++tries) collect();
    a.join(), b.join();
    collect();
    require(box.empty(), "an empty mailbox says so");
    all.require_all_taken();
}

}  // namespace

TEST_CASE("deque: nothing is lost, nothing comes twice") {
    passes({.name = "deque", .schedules = 20'000}, owner_and_thieves);
    passes({.name = "deque order", .schedules = 10'000}, thieves_take_the_oldest);
    passes({.name = "deque, taken back", .schedules = 20'000}, pushed_and_taken_back);
}

TEST_CASE("deque: an owner that takes the last item without racing for it is found") {
    finds(fault::deque_take_without_race, {.name = "deque, broken", .schedules = 20'000}, "no item comes out twice",
          owner_and_thieves);
    finds(fault::deque_take_without_race, {.name = "deque, taken back, broken", .schedules = 20'000},
          "no item", pushed_and_taken_back);
}

TEST_CASE("ready ring: nothing is lost, nothing comes twice") {
    passes({.name = "ready ring", .schedules = 20'000}, ring_owner_and_thieves);
    passes({.name = "three rings", .schedules = 20'000}, rings_that_rob_each_other);
    passes({.name = "yielding fibers", .schedules = 20'000}, yielding_fibers);
}

TEST_CASE("ready ring: an owner that pops without racing the thieves is found") {
    finds(fault::ready_ring_pop_without_race, {.name = "ready ring, broken", .schedules = 20'000}, "no item",
          ring_owner_and_thieves);
}

TEST_CASE("ready ring: a thief that does not wait for the owner is found") {
    finds(fault::thief_does_not_wait, {.name = "ready ring, hasty thief", .schedules = 20'000}, "no item",
          ring_owner_and_thieves);
    finds(fault::thief_does_not_wait, {.name = "yielding fibers, hasty thief", .schedules = 20'000}, "fiber",
          yielding_fibers);
}

TEST_CASE("mailbox: nothing is lost, nothing comes twice") {
    passes({.name = "mailbox", .schedules = 20'000}, putters_and_owner);
}

TEST_CASE("mailbox: an owner that empties it in two steps is found") {
    finds(fault::mailbox_take_in_two_steps, {.name = "mailbox, broken", .schedules = 20'000}, "no item is lost",
          putters_and_owner);
}
