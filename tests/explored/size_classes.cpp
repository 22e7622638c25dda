// size_classes: one pool for a class, whoever asks first.
#include <hocket/detail/atomic.hpp>

#include "check.hpp"
#include "fibers/sched/size_classes.hpp"

using hocket::detail::atomic;
using hocket::detail::no_stack;
using hocket::detail::size_classes;
using hocket::detail::stack;
using hocket::explorer::finds;
using hocket::explorer::passes;
using hocket::explorer::require;
using hocket::explorer::thread;
using hocket::explorer::whole;
using hocket::detail::seam::fault;

namespace {

// Three ask at once for the first stack of a class that has only one; whoever gets it is found there by a fourth.
void first_of_a_class() {
    size_classes sizes(1);
    atomic<stack*> got{nullptr};
    atomic<int> granted{0}, refused{0};
    auto ask = [&] {
        try {
            stack* const s = sizes.take(100 * 1024);
            granted.fetch_add(1);
            got.store(s);
            require(sizes.of(s->base) == s, "a stack is found by its address");
        } catch (no_stack const&) {
            refused.fetch_add(1);
        }
    };
    thread a(ask, "a"), b(ask, "b"), c(ask, "c");
    thread looks(
        [&] {
            stack* const s = got.load();
            if (s != nullptr) require(sizes.of(s->base - 1) == s, "its guard is known as soon as it is");
        },
        "looks");
    a.join(), b.join(), c.join(), looks.join();
    require(granted.load() == 1 && refused.load() == 2, "there is one stack of the class");
}

}  // namespace

TEST_CASE("size classes: the first stack of a class, asked for by several") {
    passes(whole("first of a class"), first_of_a_class);
#ifndef HOCKET_TSAN  // whose run-time stands still over a stack that has been unmapped, until patience is over
    // There is more than one, or the first is not known any more.
    finds(fault::size_class_made_twice, whole("made twice"), "", first_of_a_class);
#endif
}
