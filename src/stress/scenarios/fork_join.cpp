// fork-join: what is divided among workers comes together again, whole and in order, whoever was stolen from.
//
// First fib(n) by parallel_invoke: forks that never suspend. Then a loop over trees and lists, as drawn from the seed.
// A tree divides its leaves by parallel_invoke, parallel_for and parallel_reduce, mixed, down to single ones; a leaf
// may yield, sleep, take a mutex, throw. Each must be visited once, neighbours be combined with neighbours, the sum be
// right; of the leaves that throw the first must be told, those before it be visited and none twice. A list is sorted
// by a comparison that yields at times; it must come out as 0, 1, 2 ...; where one element cannot be compared, that
// must be told.
// Op: a fork that came to its join without an exception (those of the sorts are not counted). Latency: of a tree.
// Broken: one leaf is visited twice.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <hocket/mutex.hpp>
#include <hocket/parallel.hpp>
#include <hocket/parallel_invoke.hpp>

#include "stress/clock.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

namespace {

struct failure {
    std::uint64_t where, which;
    friend bool operator==(failure, failure) noexcept = default;
};

// What the trees share.
struct ground {
    trial& t;
    std::uint64_t const salt;
    hocket::mutex door{};
    std::uint64_t entered = 0;  // guarded by door
    tally entering{};
};

class tree {
public:
    tree(ground& g, std::uint64_t number)
        : ground_(g), number_(number), salt_(mix(g.salt + number)), visits_(1 + salt_ % 300) {}

    void check() {
        std::int64_t const start = now_ns();
        std::uint64_t const bad = first_bad();
        try {
            stretch const all = grow(0, leaves());
            ground_.t.latency.record(now_ns() - start);
            if (bad != leaves()) ground_.t.fail(name() + ": what a leaf threw did not arrive");
            std::uint64_t sum = 0;
            for (std::uint64_t i = 0; i < leaves(); ++i) sum += worth(i);
            ground_.t.expect(name() + ": sum", all.sum, sum);
            ground_.t.expect(name() + ": leaves", all.last - all.first, leaves());
        } catch (failure const& e) {
            if (e != failure{number_, bad}) ground_.t.fail(name() + ": a leaf that was not the first told its failure");
        }
        for (std::uint64_t i = 0; i < leaves(); ++i) {
            unsigned const n = visits_[i].load(std::memory_order_relaxed);
            if (n > 1 || (n == 0 && i <= bad))
                ground_.t.fail(name() + ": leaf " + std::to_string(i) + " was visited " + std::to_string(n) + " times");
        }
    }

private:
    // The leaves [first, last), and what they are worth together.
    struct stretch {
        std::uint64_t first, last, sum;
    };

    std::uint64_t leaves() const noexcept { return visits_.size(); }
    std::string name() const { return "tree " + std::to_string(number_); }
    std::uint64_t worth(std::uint64_t leaf) const noexcept { return mix(salt_ ^ mix(leaf)); }
    // One tree in three has leaves that throw.
    bool bad(std::uint64_t leaf) const noexcept { return number_ % 3 == 2 && worth(leaf) % 64 == 0; }
    std::uint64_t first_bad() const noexcept {
        std::uint64_t i = 0;
        while (i < leaves() && !bad(i)) ++i;
        return i;
    }

    stretch joined(stretch a, stretch b) {
        if (a.last != b.first) ground_.t.fail(name() + ": parts were combined that are no neighbours");
        return {a.first, b.last, a.sum + b.sum};
    }

    stretch grow(std::uint64_t first, std::uint64_t last) {
        if (last - first == 1) return {first, last, visited(first)};
        std::uint64_t const choice = mix(salt_ + first * leaves() + last);
        std::uint64_t const parts = std::min(last - first, 2 + choice / 16 % 14), grain = 1 + choice / 256 % 4;
        auto const begin_of = [=](std::uint64_t part) { return first + (last - first) * part / parts; };
        auto const part = [&](std::uint64_t i) { return grow(begin_of(i), begin_of(i + 1)); };
        stretch all{first, first, 0};
        switch (last - first == 2 ? 0 : choice % 4) {
            case 0: {
                std::uint64_t const middle = begin_of(parts / 2);
                stretch left{}, right{};
                parallel_invoke([&] { left = grow(first, middle); }, [&] { right = grow(middle, last); });
                forked(2);
                return joined(left, right);
            }
            case 1: {
                std::uint64_t const a = begin_of(1), b = std::max(a + 1, begin_of(parts - 1));
                stretch left{}, centre{}, right{};
                parallel_invoke([&] { left = grow(first, a); }, [&] { centre = grow(a, b); },
                                [&] { right = grow(b, last); });
                forked(3);
                return joined(joined(left, centre), right);
            }
            case 2: {
                std::vector<stretch> results(parts);
                parallel_for(std::uint64_t{0}, parts, grain, [&](std::uint64_t i) { results[i] = part(i); });
                for (auto const& r : results) all = joined(all, r);
                break;
            }
            default:
                all = parallel_reduce(std::uint64_t{0}, parts, grain, all, std::bind_front(&tree::joined, this), part);
        }
        forked((parts + grain - 1) / grain);
        return all;
    }
    void forked(std::uint64_t pieces) noexcept { ground_.t.ops.add(pieces - 1); }

    std::uint64_t visited(std::uint64_t leaf) {
        bool const twice = ground_.t.broken() && number_ == 0 && leaf == 0;
        visits_[leaf].fetch_add(twice ? 2 : 1, std::memory_order_relaxed);
        std::uint64_t const choice = mix(worth(leaf));
        if (choice % 8 == 0) this_fiber::yield();
        if (choice % 512 == 1) this_fiber::sleep_for(std::chrono::microseconds(10 + choice / 512 % 90));
        if (choice % 8 == 2) {
            ground_.entering.add(1);
            std::lock_guard const inside(ground_.door);
            if (choice % 64 == 2) this_fiber::yield();
            ++ground_.entered;
        }
        if (bad(leaf)) throw failure{number_, leaf};
        return worth(leaf);
    }

    ground& ground_;
    std::uint64_t const number_;
    std::uint64_t const salt_;
    std::vector<std::atomic<unsigned char>> visits_;
};

}  // namespace

// The numbers 0 .. size-1, shuffled and sorted; one list in four has an element that cannot be compared.
static void sort_list(trial& t, std::uint64_t salt, std::uint64_t number, std::uint64_t size) {
    std::vector<std::uint64_t> list(size);
    for (std::uint64_t i = 0; i < size; ++i) list[i] = i;
    for (std::uint64_t i = size - 1; i > 0; --i) std::swap(list[i], list[mix(salt + i) % (i + 1)]);
    std::uint64_t const bad = number % 4 == 3 ? salt % size : size;
    std::string const name = "list " + std::to_string(number);
    try {
        parallel_sort(list.begin(), list.end(), [=](std::uint64_t a, std::uint64_t b) {
            if (a == bad || b == bad) throw failure{number, bad};
            if ((a + 31 * b) % 4096 == 0) this_fiber::yield();
            return a < b;
        });
        if (bad != size) t.fail(name + ": what a comparison threw did not arrive");
        for (std::uint64_t i = 0; i < size; ++i)
            if (list[i] != i) return t.fail(name + ": " + std::to_string(list[i]) + " is at " + std::to_string(i));
    } catch (failure const& e) {
        if (e != failure{number, bad}) t.fail(name + ": another failure was told than its own");
    }
}

static std::uint64_t fib(unsigned n) {
    if (n < 2) return n;
    std::uint64_t left = 0, right = 0;
    parallel_invoke([&] { left = fib(n - 1); }, [&] { right = fib(n - 2); });
    return left + right;
}

static std::uint64_t fib_by_loop(unsigned n) {
    std::uint64_t a = 0, b = 1;
    for (; n > 0; --n) a = std::exchange(b, a + b);
    return a;
}

void fork_join(trial& t) {
    unsigned n = 5;
    while (fib_by_loop(n + 2) <= t.scaled(1'000'000)) ++n;  // fib(n) forks fib(n + 1) - 1 times
    std::uint64_t const trees = t.scaled(1'500, 12), list_size = t.scaled(100'000, 2'000);
    constexpr std::uint64_t lists = 8;
    ground g{t, t.random(1).next()};
    on_stage(t, [&] {
        t.expect("fib(" + std::to_string(n) + ")", fib(n), fib_by_loop(n));
        t.ops.add(fib_by_loop(n + 1) - 1);

        parallel_for(std::uint64_t{0}, trees + lists, 1, [&](std::uint64_t i) {
            if (i < lists)
                sort_list(t, mix(g.salt ^ i), i, 1 + list_size * (i + 1) / lists);
            else
                tree(g, i - lists).check();
        });
    });
    t.expect("passages of the mutex", g.entered, g.entering.sum());
}

}  // namespace hocket::stress
