// fork_join: fib(n) by the definition, a fork at every addition. `fib`: by parallel_invoke; `fib_async`: by async and
// get.
#include <hocket/future.hpp>
#ifdef HAS_PARALLEL_INVOKE
#include <hocket/parallel_invoke.hpp>
#endif

#include "stage.hpp"

namespace hocket::bench {
namespace {

std::uint64_t fib_async(std::uint64_t n) {
    if (n < 2) return n;
    auto a = async(fib_async, n - 1);
    std::uint64_t const b = fib_async(n - 2);
    return a.get() + b;
}

template <std::uint64_t (*Fib)(std::uint64_t)>
sample measure(parameters const& p) {
    return on_runtime(p, [&](sample& s) {
        std::uint64_t const n = p["n"];
        Fib(10);
        meter const m;
        std::uint64_t const result = Fib(n);
        m.stop(s);
        s.count = p["forks"];
        s.checksum = result;
    });
}

bench_case const fib_async_case("fib_async", measure<fib_async>);

#ifdef HAS_PARALLEL_INVOKE
std::uint64_t fib(std::uint64_t n) {
    if (n < 2) return n;
    std::uint64_t a = 0, b = 0;
    parallel_invoke([&] { a = fib(n - 1); }, [&] { b = fib(n - 2); });
    return a + b;
}

bench_case const fib_case("fib", measure<fib>);
#endif

}  // namespace
}  // namespace hocket::bench
