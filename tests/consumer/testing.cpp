// A user of libhocket-testing: no main of its own.
#include <hocket/hocket.hpp>
#include <hocket/testing.hpp>

FIBER_TEST_CASE("a fiber hands a value to its parent") {
    auto answer = hocket::async([] { return 42; });
    CHECK(answer.get() == 42);
}
