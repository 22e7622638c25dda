// stack, beside it: 64 bytes from malloc, freed at once.
#include <cstdlib>

#include "side.hpp"

namespace hocket::bench {
namespace {

sample malloc_and_free(parameters const& p) {
    sample s;
    auto const run = [](std::uint64_t times) {
        std::uint64_t had = 0;
        for (std::uint64_t i = 0; i < times; ++i) {
            void* memory = std::malloc(64);
            asm volatile("" : "+r"(memory) : : "memory");
            had += memory != nullptr;
            std::free(memory);
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

bench_case const malloc_case("malloc", malloc_and_free);

}  // namespace
}  // namespace hocket::bench
