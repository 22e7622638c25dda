// A test program: link hocket-testing and there is no main() to write. Each body is a fiber; it fails when a task, a
// stack, arena memory or a timer is left over.
#include <hocket/hocket.hpp>
#include <hocket/testing.hpp>

#include <chrono>

using namespace std::chrono_literals;

FIBER_TEST_CASE("a channel hands over in order", .workers = {1, 2, 4}) {
    hocket::channel<int> ch(2);
    auto sender = hocket::async([&ch] {
        for (int i = 0; i < 100; ++i) {
            INFO("sending ", i);  // shown with a failure of this fiber, wherever it runs by then
            REQUIRE(ch.send(i));
        }
        ch.close();
    });
    int expected = 0;
    for (int value : ch) CHECK(value == expected++);
    CHECK(expected == 100);
}

FIBER_TEST_CASE("a sleep lasts at least as long as asked", .timeout = 10s) {
    auto const before = std::chrono::steady_clock::now();
    hocket::this_fiber::sleep_for(5ms);
    CHECK(std::chrono::steady_clock::now() - before >= 5ms);
}
