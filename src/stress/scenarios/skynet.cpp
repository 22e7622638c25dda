// skynet: a tree of tasks, ten children to a node and a million leaves, sums up the numbers of its leaves.
//
// A node spawns its children and receives their sums over a channel; a leaf sends its number. The sum must be that of 0
// .. leaves-1 (499 999 500 000 for a million), and each channel must hold nothing afterwards. A scale below 1 takes the
// next smaller power of ten.
// Op: a task. Latency: of the whole tree.
// Broken: one leaf sends a wrong number.
#include <hocket/channel.hpp>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

constexpr std::uint64_t fan = 10;

static void node(trial& t, channel<std::uint64_t>& parent, std::uint64_t first, std::uint64_t leaves) {
    std::uint64_t sum = first;
    if (leaves > 1) {
        sum = 0;
        channel<std::uint64_t> children(fan);
        crew tasks(t);
        std::uint64_t const share = leaves / fan;
        for (std::uint64_t i = 0; i < fan; ++i)
            tasks.go([&t, &children, at = first + i * share, share] { node(t, children, at, share); });
        for (std::uint64_t i = 0; i < fan; ++i) sum += children.recv().value();
        tasks.join();  // a child that has sent may still be inside send()
        t.ops.add(fan);
    } else if (t.broken() && first == 7) {
        ++sum;
    }
    if (!parent.send(sum)) t.fail("a parent closed its channel");
}

void skynet(trial& t) {
    std::uint64_t leaves = fan;
    while (leaves * fan <= t.scaled(1'000'000)) leaves *= fan;

    on_stage(t, [&] {
        std::int64_t const start = now_ns();
        channel<std::uint64_t> result(1);
        node(t, result, 0, leaves);
        t.latency.record(now_ns() - start);
        t.expect("sum of " + std::to_string(leaves) + " leaves", result.recv().value(), leaves * (leaves - 1) / 2);
    });
}

}  // namespace hocket::stress
