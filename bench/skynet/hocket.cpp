// skynet: a tree of tasks, ten children to a node, that sums up the numbers of its leaves. `skynet`: sums returned,
// by parallel_invoke; `skynet_async`: by async and get; `skynet_channel`: every node a task that sends its sum to its
// parent.
#include <array>
#include <hocket/channel.hpp>
#include <hocket/future.hpp>
#include <hocket/go.hpp>
#ifdef HAS_PARALLEL_INVOKE
#include <hocket/parallel_invoke.hpp>
#endif

#include "stage.hpp"

namespace hocket::bench {
namespace {

constexpr std::uint64_t fan = 10;

std::uint64_t by_async(std::uint64_t first, std::uint64_t leaves) {
    if (leaves == 1) return first;
    std::uint64_t const share = leaves / fan;
    std::array<future<std::uint64_t>, fan> children;
    for (std::uint64_t i = 0; i < fan; ++i) children[i] = async(by_async, first + i * share, share);
    std::uint64_t sum = 0;
    for (auto& c : children) sum += c.get();
    return sum;
}

void node(channel<std::uint64_t>& parent, std::uint64_t first, std::uint64_t leaves) {
    std::uint64_t sum = first;
    if (leaves > 1) {
        sum = 0;
        channel<std::uint64_t> children;
        std::uint64_t const share = leaves / fan;
        for (std::uint64_t i = 0; i < fan; ++i)
            go([&children, at = first + i * share, share] { node(children, at, share); });
        for (std::uint64_t i = 0; i < fan; ++i) sum += children.recv().value_or(0);
    }
    static_cast<void>(parent.send(sum));
}

std::uint64_t by_channel(std::uint64_t first, std::uint64_t leaves) {
    channel<std::uint64_t> result;
    go([&] { node(result, first, leaves); });
    return result.recv().value_or(0);
}

template <std::uint64_t (*Tree)(std::uint64_t, std::uint64_t)>
sample measure(parameters const& p) {
    return on_runtime(p, [&](sample& s) {
        Tree(0, 100);
        meter const m;
        s.checksum = Tree(0, p["leaves"]);
        m.stop(s);
        s.count = p["leaves"];
    });
}

bench_case const async_case("skynet_async", measure<by_async>);
bench_case const channel_case("skynet_channel", measure<by_channel>);

#ifdef HAS_PARALLEL_INVOKE
std::uint64_t by_invoke(std::uint64_t first, std::uint64_t leaves) {
    if (leaves == 1) return first;
    std::uint64_t const share = leaves / fan;
    std::array<std::uint64_t, fan> r;
    auto const child = [&](std::uint64_t i) {
        return [&r, i, first, share] { r[i] = by_invoke(first + i * share, share); };
    };
    parallel_invoke(child(0), child(1), child(2), child(3), child(4), child(5), child(6), child(7), child(8), child(9));
    std::uint64_t sum = 0;
    for (auto const v : r) sum += v;
    return sum;
}

bench_case const invoke_case("skynet", measure<by_invoke>);
#endif

}  // namespace
}  // namespace hocket::bench
