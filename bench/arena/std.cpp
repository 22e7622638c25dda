// arena with the standard library: `churn_malloc` frees each allocation; `churn_monotonic` and `churn_monotonic_buffer`
// release a monotonic_buffer_resource, without a buffer of its own (each cycle takes its blocks from operator new), and
// with one that holds a whole cycle.
#include <cstdlib>
#include <memory>
#include <memory_resource>

#include "mix.hpp"

namespace hocket::bench {
namespace {

// Of the type itself, so that the compiler knows which function it is and may inline it.
sample on(std::pmr::monotonic_buffer_resource& memory, parameters const& p) {
    return churn(p, [&](std::size_t bytes) { return memory.allocate(bytes); }, [&] { memory.release(); });
}

sample churn_monotonic(parameters const& p) {
    std::pmr::monotonic_buffer_resource memory;
    return on(memory, p);
}

sample churn_monotonic_buffer(parameters const& p) {
    std::size_t const bytes = p["cycle"] * (p["largest"] + 16);
    auto const buffer = std::make_unique<std::byte[]>(bytes);
    std::pmr::monotonic_buffer_resource memory(buffer.get(), bytes, std::pmr::null_memory_resource());
    return on(memory, p);
}

bench_case const churn_malloc_case("churn_malloc", churn_one_by_one<std::malloc, std::free>);
bench_case const churn_monotonic_case("churn_monotonic", churn_monotonic);
bench_case const churn_monotonic_buffer_case("churn_monotonic_buffer", churn_monotonic_buffer);

}  // namespace
}  // namespace hocket::bench
