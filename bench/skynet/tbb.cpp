// skynet with oneTBB. `skynet`: a task_group at every node; `skynet_invoke`: parallel_invoke of the ten children.
#include <array>
#include <oneapi/tbb/parallel_invoke.h>
#include <oneapi/tbb/task_group.h>

#include "arena.hpp"

namespace hocket::bench {
namespace {

constexpr std::uint64_t fan = 10;

std::uint64_t by_group(std::uint64_t first, std::uint64_t leaves) {
    if (leaves == 1) return first;
    std::uint64_t const share = leaves / fan;
    std::array<std::uint64_t, fan> r;
    tbb::task_group children;
    for (std::uint64_t i = 0; i < fan; ++i)
        children.run([&r, i, first, share] { r[i] = by_group(first + i * share, share); });
    children.wait();
    std::uint64_t sum = 0;
    for (auto const v : r) sum += v;
    return sum;
}

std::uint64_t by_invoke(std::uint64_t first, std::uint64_t leaves) {
    if (leaves == 1) return first;
    std::uint64_t const share = leaves / fan;
    std::array<std::uint64_t, fan> r;
    auto const child = [&](std::uint64_t i) {
        return [&r, i, first, share] { r[i] = by_invoke(first + i * share, share); };
    };
    tbb::parallel_invoke(child(0), child(1), child(2), child(3), child(4), child(5), child(6), child(7), child(8),
                         child(9));
    std::uint64_t sum = 0;
    for (auto const v : r) sum += v;
    return sum;
}

template <std::uint64_t (*Tree)(std::uint64_t, std::uint64_t)>
sample measure(parameters const& p) {
    return in_arena(p, [&](sample& s) {
        Tree(0, 100);
        meter const m;
        s.checksum = Tree(0, p["leaves"]);
        m.stop(s);
        s.count = p["leaves"];
    });
}

bench_case const group_case("skynet", measure<by_group>);
bench_case const invoke_case("skynet_invoke", measure<by_invoke>);

}  // namespace
}  // namespace hocket::bench
