// async: results and exceptions of forked work arrive at whoever asks for them.
//
// First, fib(n) by forking one half and calling the other: the value must be fib(n). Then a binary tree whose leaves
// throw or return as drawn from the seed; a parent asks both children and counts what they threw. Each exception must
// arrive exactly once, with the number of its leaf, and each value too. Futures that nobody asks are dropped: their
// destructor waits for the child.
// Op: a forked task. Latency: from the fork to the result of fib's deepest calls, fib(2).
// Broken: one leaf that should throw returns.
#include <algorithm>
#include <stdexcept>

#include <hocket/future.hpp>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

namespace {

struct leaf_failed : std::runtime_error {
    explicit leaf_failed(std::uint64_t number) : std::runtime_error("leaf " + std::to_string(number)), leaf(number) {}
    std::uint64_t leaf;
};

struct harvest {
    std::uint64_t values = 0;
    std::uint64_t thrown = 0;
    std::uint64_t checksum = 0;  // of the leaves that threw
    harvest& operator+=(harvest const& other) noexcept {
        values += other.values;
        thrown += other.thrown;
        checksum += other.checksum;
        return *this;
    }
};

class tree {
public:
    tree(trial& t, std::uint64_t leaves) : trial_(t), leaves_(leaves), salt_(t.random(1).next()) {}

    bool throws(std::uint64_t leaf) const noexcept { return mix(leaf ^ salt_) % 5 == 0; }

    // The leaves [first, last): a single one throws or returns, more of them are forked.
    harvest reap(std::uint64_t first, std::uint64_t last) const {
        if (last - first == 1) return single(first);
        std::uint64_t const middle = first + (last - first) / 2;
        auto left = async([=, this] { return reap(first, middle); });
        trial_.ops.add(1);
        harvest sum = asked([&] { return reap(middle, last); });
        sum += asked([&] { return left.get(); });
        return sum;
    }

private:
    harvest single(std::uint64_t leaf) const {
        bool const spoilt = trial_.broken() && leaf == first_thrower();
        if (throws(leaf) && !spoilt) throw leaf_failed(leaf);
        return {.values = 1};
    }

    // Only leaves throw, so what is caught here is caught for the first time.
    template <class F>
    static harvest asked(F f) {
        try {
            return f();
        } catch (leaf_failed const& e) {
            return {.thrown = 1, .checksum = mix(e.leaf)};
        }
    }

    std::uint64_t first_thrower() const noexcept {
        std::uint64_t leaf = 0;
        while (leaf + 1 < leaves_ && !throws(leaf)) ++leaf;
        return leaf;
    }

    trial& trial_;
    std::uint64_t const leaves_;
    std::uint64_t const salt_;
};

}  // namespace

static std::uint64_t fib(trial& t, unsigned n) {
    if (n < 2) return n;
    std::int64_t const start = n == 2 ? now_ns() : 0;
    auto left = async([&t, n] { return fib(t, n - 1); });
    std::uint64_t const right = fib(t, n - 2);
    std::uint64_t const sum = left.get() + right;
    if (start != 0) t.latency.record(now_ns() - start);
    t.ops.add(1);
    return sum;
}

static std::uint64_t fib_by_loop(unsigned n) {
    std::uint64_t a = 0, b = 1;
    for (; n > 0; --n) a = std::exchange(b, a + b);
    return a;
}

static unsigned depth_for(std::uint64_t tasks) {
    unsigned n = 5;
    while (fib_by_loop(n + 2) <= tasks) ++n;  // fib(n) forks about fib(n + 1) times
    return n;
}

static void dropped_futures(trial& t, std::uint64_t count) {
    std::uint64_t finished = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        {
            auto unasked = async([&finished] { this_fiber::yield(), ++finished; });
        }
        t.ops.add(1);
        if (finished != i + 1) return t.fail("a future went away before its task had ended");
    }
}

void async_tree(trial& t) {
    unsigned const n = depth_for(t.scaled(50'000, 20));
    std::uint64_t const leaves = t.scaled(50'000, 50);
    on_stage(t, [&] {
        t.expect("fib(" + std::to_string(n) + ")", fib(t, n), fib_by_loop(n));

        tree const leaf_tree(t, leaves);
        harvest const got = leaf_tree.reap(0, leaves);
        harvest wanted;
        for (std::uint64_t leaf = 0; leaf < leaves; ++leaf)
            wanted += leaf_tree.throws(leaf) ? harvest{.thrown = 1, .checksum = mix(leaf)} : harvest{.values = 1};
        t.expect("leaves that returned", got.values, wanted.values);
        t.expect("exceptions that arrived", got.thrown, wanted.thrown);
        t.expect("checksum of the exceptions", got.checksum, wanted.checksum);

        dropped_futures(t, t.scaled(2'000, 10));
    });
}

}  // namespace hocket::stress
