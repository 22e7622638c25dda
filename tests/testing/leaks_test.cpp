// What counts as left over, told from figures that are made up.
#include "testing/leaks.hpp"

#include <hocket/testing.hpp>

using hocket::runtime_stats;
using hocket::testing::detail::leaks;

TEST_CASE("nothing is left but the carriers") {
    CHECK(leaks({}, 0) == "");
    CHECK(leaks({.workers = 2, .spawned = 9, .completed = 9, .stacks = 20, .stacks_in_use = 2}, 2) == "");
}

TEST_CASE("each kind has its words") {
    CHECK(leaks({.live = 1}, 0) == "1 task outlived the test body");
    CHECK(leaks({.live = 3}, 0) == "3 tasks outlived the test body");
    CHECK(leaks({.timers = 1}, 0) == "1 timer is still armed");
    CHECK(leaks({.timers = 2}, 0) == "2 timers are still armed");
    CHECK(leaks({.stacks_in_use = 4}, 3) == "1 stack is still in use");
    CHECK(leaks({.stacks_in_use = 2}, 0) == "2 stacks are still in use");
    CHECK(leaks({.arena_bytes = 4096}, 0) == "4096 arena bytes are still held");
}

TEST_CASE("all of them in one sentence") {
    CHECK(leaks({.live = 1, .stacks_in_use = 2, .arena_bytes = 1, .timers = 1}, 1) ==
          "1 task outlived the test body, 1 timer is still armed, 1 stack is still in use, 1 arena byte is still held");
}
