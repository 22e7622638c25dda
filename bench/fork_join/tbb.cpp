// fork_join with oneTBB. `fib`: by parallel_invoke; `fib_group`: one half in a task_group, the other called.
#include <oneapi/tbb/parallel_invoke.h>
#include <oneapi/tbb/task_group.h>

#include "arena.hpp"

namespace hocket::bench {
namespace {

std::uint64_t fib(std::uint64_t n) {
    if (n < 2) return n;
    std::uint64_t a = 0, b = 0;
    tbb::parallel_invoke([&] { a = fib(n - 1); }, [&] { b = fib(n - 2); });
    return a + b;
}

std::uint64_t fib_group(std::uint64_t n) {
    if (n < 2) return n;
    std::uint64_t a = 0;
    tbb::task_group fork;
    fork.run([&] { a = fib_group(n - 1); });
    std::uint64_t const b = fib_group(n - 2);
    fork.wait();
    return a + b;
}

template <std::uint64_t (*Fib)(std::uint64_t)>
sample measure(parameters const& p) {
    return in_arena(p, [&](sample& s) {
        std::uint64_t const n = p["n"];
        Fib(10);
        meter const m;
        std::uint64_t const result = Fib(n);
        m.stop(s);
        s.count = p["forks"];
        s.checksum = result;
    });
}

bench_case const fib_case("fib", measure<fib>);
bench_case const fib_group_case("fib_group", measure<fib_group>);

}  // namespace
}  // namespace hocket::bench
