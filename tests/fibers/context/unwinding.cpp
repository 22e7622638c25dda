// A walk up the stack ends where the context begins.
#include <doctest/doctest.h>
#include <unwind.h>

#include <vector>

#include "coroutine.hpp"

using namespace hocket::detail;

namespace {

struct walk {
    std::vector<void*> frames;
    bool too_long = false;
    _Unwind_Reason_Code end = _URC_NO_REASON;

    void take() {
        end = _Unwind_Backtrace(
            [](_Unwind_Context* at, void* self) -> _Unwind_Reason_Code {
                auto& w = *static_cast<walk*>(self);
                if (auto* const ip = reinterpret_cast<void*>(_Unwind_GetIP(at))) w.frames.push_back(ip);
                w.too_long = w.frames.size() > 200;
                return w.too_long ? _URC_NORMAL_STOP : _URC_NO_REASON;
            },
            this);
    }
};

__attribute__((noinline)) void deep(int levels, walk& w) {
    if (levels == 0)
        w.take();
    else
        deep(levels - 1, w);
    asm volatile("" ::: "memory");  // no tail call
}

}  // namespace

TEST_CASE("unwinding: a backtrace ends at the entry, and holds what was called from there") {
    for (backend const b : backends()) {
        CAPTURE(static_cast<int>(b));
        walk here;
        deep(0, here);
        walk shallow, deeper;
        coroutine c(b, [&](coroutine&) {
            deep(0, shallow);
            deep(20, deeper);
        });
        c.resume();
        CHECK_FALSE(shallow.too_long);
        CHECK_FALSE(deeper.too_long);
        CHECK(shallow.end == _URC_END_OF_STACK);
        CHECK(deeper.end == _URC_END_OF_STACK);
        CHECK(deeper.frames.size() > shallow.frames.size());
        CHECK(shallow.frames.size() < 30);
        // The thread's own frames are not in it: its outermost stands in every walk from here.
        REQUIRE(here.frames.size() >= 2);
        for (void* const f : shallow.frames) CHECK(f != here.frames.back());
    }
}

TEST_CASE("unwinding: an exception from many frames down is caught at the bottom, its destructors run on the way") {
    for (backend const b : backends()) {
        CAPTURE(static_cast<int>(b));
        struct counts {
            int& n;
            ~counts() { ++n; }
        };
        struct thrower {
            int& ended;
            void operator()(int levels) const {
                counts const c{ended};
                if (levels == 0) throw 42;
                (*this)(levels - 1);
                asm volatile("" ::: "memory");
            }
        };
        int ended = 0, caught = 0;
        coroutine c(b, [&](coroutine&) {
            try {
                thrower{ended}(50);
            } catch (int n) {
                caught = n;
            }
        });
        c.resume();
        CHECK(caught == 42);
        CHECK(ended == 51);
    }
}
