// switch: two contexts that go on with each other, with nothing around it. Links the internal archive: a bare switch
// is no part of the public surface.
#include <cstdlib>
#include <cstring>

#include "alloc/stack_pool.hpp"
#include "fibers/context/context.hpp"
#include "fibers/context/jump.hpp"
#include "side.hpp"

namespace hocket::bench {
namespace {

std::uint64_t arrivals;

void partner(detail::context left) noexcept {
    detail::arrived();
    for (;;) {
        ++arrivals;
        left = detail::jump(left, {});
    }
}

sample bare_switch(parameters const& p) {
    sample s;
    char const* const which = std::getenv("HOCKET_CONTEXT");
    bool const boost = which != nullptr && std::strcmp(which, "boost") == 0;
    s.context = boost ? "boost" : "native";
    detail::stack_pool stacks(64 * 1024, 4);
    detail::stack* const on = stacks.take();
    if (on == nullptr) return s;
    auto const view = detail::view_of(*on);
    auto other = detail::make_context(boost ? detail::backend::boost : detail::backend::native, *on, partner);
    other = detail::jump(other, view);
    std::uint64_t const there_and_back = p["count"] / 2;
    arrivals = 0;
    meter const m;
    for (std::uint64_t i = 0; i < there_and_back; ++i) other = detail::jump(other, view);
    m.stop(s);
    s.count = there_and_back * 2;
    s.checksum = arrivals;
    detail::retire(*on);
    stacks.give(on);
    return s;
}

bench_case const switch_case("switch", bare_switch);

}  // namespace
}  // namespace hocket::bench
