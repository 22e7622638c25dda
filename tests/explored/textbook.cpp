// Textbook errors of concurrent programs, each with a twin that has been mended: the explorer finds the one and passes
// the other.
#include <doctest/doctest.h>

#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <memory>

#include "check.hpp"
#include "seam/futex.hpp"
#include "seam/lock.hpp"
#include "seam/pause.hpp"

using hocket::detail::atomic;
using hocket::detail::hold;
using hocket::detail::lock;
using hocket::explorer::finds;
using hocket::explorer::passes;
using hocket::explorer::require;
using hocket::explorer::thread;
namespace seam = hocket::detail::seam;

namespace {

void two_increments(bool mended) {
    atomic<int> n{0};
    auto increment = [&] {
        if (mended)
            n.fetch_add(1);
        else
            n.store(n.load() + 1);
    };
    thread a(increment), b(increment);
    a.join();
    b.join();
    require(n.load() == 2, "both increments count");
}

void two_locks(bool mended) {
    lock first, second;
    auto both = [](lock& l, lock& m) {
        hold h(l);
        hold i(m);
    };
    thread a([&] { both(first, second); }, "forward");
    thread b([&] { mended ? both(first, second) : both(second, first); }, "backward");
    a.join();
    b.join();
}

// A flag and a futex word to sleep on. The broken notifier wakes nobody who is still on the way to sleep: it does not
// change the word.
void one_signal(bool mended) {
    atomic<bool> ready{false};
    atomic<std::uint32_t> word{0};
    thread waiter(
        [&] {
            for (;;) {
                std::uint32_t const seen = word.load();
                if (ready.load()) return;
                seam::futex_wait(word, seen);
            }
        },
        "waiter");
    ready.store(true);
    if (mended) word.fetch_add(1);
    seam::futex_wake(word, 1);
    waiter.join();
}

// Each writes its own word and reads the other's. Whatever the order, one of the two sees the other's write.
void store_buffers() {
    atomic<int> x{0}, y{0};
    int seen_x = -1, seen_y = -1;
    thread a([&] {
        x.store(1);
        seen_y = y.load();
    });
    thread b([&] {
        y.store(1);
        seen_x = x.load();
    });
    a.join();
    b.join();
    require(seen_x == 1 || seen_y == 1, "accesses are sequentially consistent");
}

// Treiber's stack of nodes that are numbers in an array; nodes go back and forth between the stack and its users.
class number_stack {
public:
    static constexpr std::uint32_t none = 0xFFFF;

    explicit number_stack(bool counted) : counted_(counted) {}

    void push(std::uint32_t node) {
        std::uint64_t head = head_.load();
        do next[node].store(number(head));
        while (!head_.compare_exchange_weak(head, after(head, node)));
    }
    std::uint32_t pop() {
        std::uint64_t head = head_.load();
        do {
            if (number(head) == none) return none;
        } while (!head_.compare_exchange_weak(head, after(head, next[number(head)].load())));
        return number(head);
    }

private:
    static std::uint32_t number(std::uint64_t head) { return static_cast<std::uint32_t>(head); }
    // The mended stack counts its changes in the upper half, so that a head that came back is not taken for the old
    // one.
    std::uint64_t after(std::uint64_t head, std::uint32_t node) const {
        return counted_ ? ((head >> 32) + 1) << 32 | node : node;
    }

    bool const counted_;
    atomic<std::uint32_t> next[3] = {};
    atomic<std::uint64_t> head_{none};
};

void pops_and_pushes(bool mended) {
    number_stack s(mended);
    atomic<int> owners[3] = {};
    for (std::uint32_t i = 3; i-- > 0;) s.push(i);
    auto take = [&] {
        std::uint32_t const node = s.pop();
        if (node != number_stack::none) require(owners[node].fetch_add(1) == 0, "a node has one owner");
        return node;
    };
    auto give = [&](std::uint32_t node) {
        if (node == number_stack::none) return;
        owners[node].fetch_sub(1);
        s.push(node);
    };
    thread a([&] { give(take()); }, "slow");
    thread b(
        [&] {
            std::uint32_t const first = take();
            std::uint32_t const second = take();
            give(first);
            std::uint32_t const third = take();
            give(third);
            give(second);
        },
        "quick");
    take();
    a.join();
    b.join();
}

// A lock and a condition of one slot: producers and consumers share one condition and wake a single waiter.
class slot {
public:
    explicit slot(bool wakes_all) : count_(wakes_all ? 100 : 1) {}

    void put() {
        guard_.acquire();
        while (full_) wait();
        full_ = true;
        guard_.drop();
        notify();
    }
    void get() {
        guard_.acquire();
        while (!full_) wait();
        full_ = false;
        guard_.drop();
        notify();
    }

private:
    void wait() {
        std::uint32_t const seen = changed_.load();
        guard_.drop();
        seam::futex_wait(changed_, seen);
        guard_.acquire();
    }
    void notify() {
        changed_.fetch_add(1);
        seam::futex_wake(changed_, count_);
    }

    lock guard_;
    bool full_ = false;
    atomic<std::uint32_t> changed_{0};
    int const count_;
};

void producers_and_consumers(bool mended) {
    slot s(mended);
    auto twice = [&](void (slot::*act)()) {
        for (int i = 0; i < 2; ++i) (s.*act)();
    };
    thread a([&] { twice(&slot::put); }, "producer"), b([&] { twice(&slot::put); }, "producer");
    thread c([&] { twice(&slot::get); }, "consumer"), d([&] { twice(&slot::get); }, "consumer");
    a.join(), b.join(), c.join(), d.join();
}

}  // namespace

TEST_CASE("a lost update is found") {
    finds({.name = "lost update"}, "both increments count", [] { two_increments(false); });
    passes({.name = "lost update, mended", .schedules = 3000}, [] { two_increments(true); });
}

TEST_CASE("a deadlock of two locks is found and told") {
    finds({.name = "two locks"}, "deadlock: thread 0 (body) joins thread 1 (forward); thread 1 (forward) waits on word",
          [] { two_locks(false); });
    passes({.name = "two locks, mended", .schedules = 3000}, [] { two_locks(true); });
}

TEST_CASE("a lost wake-up is found") {
    finds({.name = "lost wake-up"}, "thread 1 (waiter) waits on word 1 while it holds 0", [] { one_signal(false); });
    passes({.name = "lost wake-up, mended", .schedules = 3000}, [] { one_signal(true); });
}

TEST_CASE("no two accesses pass each other") {
    passes({.name = "store buffers", .schedules = 3000}, [] { store_buffers(); });
}

TEST_CASE("ABA in a Treiber stack is found") {
    finds({.name = "ABA", .schedules = 50'000}, "a node has one owner", [] { pops_and_pushes(false); });
    passes({.name = "ABA, mended", .schedules = 10'000}, [] { pops_and_pushes(true); });
}

TEST_CASE("a wake-up given to the wrong waiter is found") {
    finds({.name = "bounded buffer", .schedules = 20'000}, "deadlock", [] { producers_and_consumers(false); });
    passes({.name = "bounded buffer, mended", .schedules = 5000}, [] { producers_and_consumers(true); });
}
