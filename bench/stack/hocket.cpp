// stack: one taken from a worker's cache and given back. Links the internal archive: stacks are no part of the public
// surface.
#include "alloc/stack_pool.hpp"
#include "side.hpp"

namespace hocket::bench {
namespace {

// Checksum: the number of pairs.
sample take_and_give(parameters const& p) {
    sample s;
    detail::stack_pool pool(64 * 1024, 1u << 20);
    detail::stack_cache cache(pool);
    auto const run = [&](std::uint64_t times) {
        std::uint64_t had = 0;
        for (std::uint64_t i = 0; i < times; ++i) {
            detail::stack* on = cache.take();
            asm volatile("" : "+r"(on) : : "memory");
            had += on != nullptr;
            cache.give(on);
        }
        return had;
    };
    run(1000);
    meter const m;
    s.checksum = run(p["count"]);
    m.stop(s);
    s.count = p["count"];
    return s;
}

bench_case const stack_case("stack", take_and_give);

}  // namespace
}  // namespace hocket::bench
