// switch with Boost.Context's fcontext, what its fiber and callcc are made of.
#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <memory>

#include "side.hpp"

namespace hocket::bench {
namespace {

namespace context = boost::context::detail;

std::uint64_t arrivals;

void partner(context::transfer_t from) {
    for (;;) {
        ++arrivals;
        from = context::jump_fcontext(from.fctx, nullptr);
    }
}

sample bare_switch(parameters const& p) {
    sample s;
    constexpr std::size_t size = 64 * 1024;
    auto const stack = std::make_unique<std::byte[]>(size);
    context::transfer_t other{context::make_fcontext(stack.get() + size, size, partner), nullptr};
    other = context::jump_fcontext(other.fctx, nullptr);
    std::uint64_t const there_and_back = p["count"] / 2;
    arrivals = 0;
    meter const m;
    for (std::uint64_t i = 0; i < there_and_back; ++i) other = context::jump_fcontext(other.fctx, nullptr);
    m.stop(s);
    s.count = there_and_back * 2;
    s.checksum = arrivals;
    return s;
}

bench_case const switch_case("switch", bare_switch);

}  // namespace
}  // namespace hocket::bench
