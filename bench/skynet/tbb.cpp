// skynet with oneTBB: a task_group at every node.
#include <array>
#include <oneapi/tbb/task_group.h>

#include "arena.hpp"

namespace hocket::bench {
namespace {

constexpr std::uint64_t fan = 10;

std::uint64_t tree(std::uint64_t first, std::uint64_t leaves) {
    if (leaves == 1) return first;
    std::uint64_t const share = leaves / fan;
    std::array<std::uint64_t, fan> r;
    tbb::task_group children;
    for (std::uint64_t i = 0; i < fan; ++i)
        children.run([&r, i, first, share] { r[i] = tree(first + i * share, share); });
    children.wait();
    std::uint64_t sum = 0;
    for (auto const v : r) sum += v;
    return sum;
}

sample skynet(parameters const& p) {
    return in_arena(p, [&](sample& s) {
        tree(0, 100);
        meter const m;
        s.checksum = tree(0, p["leaves"]);
        m.stop(s);
        s.count = p["leaves"];
    });
}

bench_case const skynet_case("skynet", skynet);

}  // namespace
}  // namespace hocket::bench
