// The queues of the scheduler: every item comes out, and no item twice.
#include <array>
#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <vector>

#include "check.hpp"
#include "fibers/sched/deque.hpp"
#include "fibers/sched/mailbox.hpp"
#include "fibers/sched/ready_ring.hpp"

using hocket::detail::atomic;
using hocket::detail::deque;
using hocket::detail::mailbox;
using hocket::detail::ready_ring;
using hocket::detail::seam::fault;
using hocket::explorer::finds;
using hocket::explorer::passes;
using hocket::explorer::require;
using hocket::explorer::thread;

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

// The owner pushes and takes in bursts, so that the last item is fought for again and again; it grows from 2 slots.
void owner_and_thieves() {
    items<7> all;
    deque<item> d(2);
    atomic<bool> over{false};
    auto rob = [&] {
        for (int tries = 0; tries < 6 && !over.load(); ++tries) {
            bool lost = false;
            take(d.steal(lost));
        }
    };
    thread a(rob, "thief"), b(rob, "thief");
    std::size_t next = 0;
    for (std::size_t const burst : {1, 2, 1, 3}) {
        for (std::size_t i = 0; i < burst; ++i) require(d.push(&all[next++]), "there is memory to grow");
        take(d.take());
    }
    while (item* const i = d.take()) take(i);
    over.store(true);
    a.join(), b.join();
    // A thief that lost is gone by now; what it did not get is still there.
    while (item* const i = d.take()) take(i);
    all.require_all_taken();
    require(d.size() == 0, "an empty deque says so");
}

// Thieves see the items in the order in which they were pushed.
void thieves_take_the_oldest() {
    items<6> all;
    deque<item> d(2);
    thread a(
        [&] {
            int last = -1;
            for (int tries = 0; tries < 8; ++tries) {
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
    while (item* const i = d.take()) {
        take(i);
        require(i->number < last, "the owner takes the newest");
        last = i->number;
    }
    a.join();
    while (item* const i = d.take()) take(i);
    all.require_all_taken();
}

void ring_owner_and_thieves() {
    using ring = ready_ring<item, 4>;
    items<8> all;
    ring r;
    auto rob = [&] {
        ring mine;
        for (int tries = 0; tries < 4; ++tries) {
            std::size_t const got = mine.steal_half(r);
            require(mine.size() == got, "what was stolen is there");
            int last = -1;
            while (item* const i = mine.pop()) {
                take(i);
                require(i->number > last, "stolen items keep their order");
                last = i->number;
            }
        }
    };
    thread a(rob, "thief"), b(rob, "thief");
    for (item& i : all) {
        while (!r.push(&i)) take(r.pop());
        if (i.number % 3 == 0) take(r.pop());
    }
    while (item* const i = r.pop()) take(i);
    a.join(), b.join();
    all.require_all_taken();
}

// Three workers, each with a ring of its own, who rob each other when they have nothing.
void rings_that_rob_each_other() {
    using ring = ready_ring<item, 4>;
    items<9> all;
    ring rings[3];
    auto work = [&](std::size_t me) {
        ring& mine = rings[me];
        for (std::size_t k = 0; k < 3; ++k) {
            require(mine.push(&all[me * 3 + k]), "there is room for three");
            if (k == me) take(mine.pop());
        }
        for (int looks = 0; looks < 4; ++looks) {
            while (item* const i = mine.pop()) take(i);
            mine.steal_half(rings[(me + 1 + static_cast<std::size_t>(looks) % 2) % 3]);
        }
        while (item* const i = mine.pop()) take(i);
    };
    thread a([&] { work(0); }, "worker 0"), b([&] { work(1); }, "worker 1"), c([&] { work(2); }, "worker 2");
    a.join(), b.join(), c.join();
    all.require_all_taken();
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
}

TEST_CASE("deque: an owner that takes the last item without racing for it is found") {
    finds(fault::deque_take_without_race, {.name = "deque, broken", .schedules = 20'000}, "no item comes out twice",
          owner_and_thieves);
}

TEST_CASE("ready ring: nothing is lost, nothing comes twice") {
    passes({.name = "ready ring", .schedules = 20'000}, ring_owner_and_thieves);
    passes({.name = "three rings", .schedules = 20'000}, rings_that_rob_each_other);
}

TEST_CASE("ready ring: an owner that pops without racing the thieves is found") {
    finds(fault::ready_ring_pop_without_race, {.name = "ready ring, broken", .schedules = 20'000}, "no item",
          ring_owner_and_thieves);
}

TEST_CASE("mailbox: nothing is lost, nothing comes twice") {
    passes({.name = "mailbox", .schedules = 20'000}, putters_and_owner);
}

TEST_CASE("mailbox: an owner that empties it in two steps is found") {
    finds(fault::mailbox_take_in_two_steps, {.name = "mailbox, broken", .schedules = 20'000}, "no item is lost",
          putters_and_owner);
}
