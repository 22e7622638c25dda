// What futures and fibers wait for: something that happens once.
#include <hocket/detail/shared_state.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>

#include "crowd.hpp"
#include "seed.hpp"

using hocket::detail::completion;

FIBER_TEST_CASE("completion: all who wait go on when it is set, fibers and threads", .workers = {1, 2, 4}) {
    completion done;
    std::atomic<int> through{0};
    crowd c;
    auto wait = [&](int) {
        if (done.wait_until(INT64_MAX)) through.fetch_add(1);
    };
    c.fibers(10, wait);
    c.threads(2, wait);
    hocket::this_fiber::sleep_for(std::chrono::milliseconds(2));
    CHECK(through.load() == 0);
    CHECK_FALSE(done.is_set());
    CHECK_FALSE(done.wait_until(0));
    done.set();
    CHECK(done.is_set());
    CHECK(done.wait_until(0));
    c.join();
    CHECK(through.load() == 12);
}

FIBER_TEST_CASE("completion: a wait that times out as it is set tells the truth", .workers = {1, 2, 4}) {
    std::uint64_t const seed = test_seed("completion");
    random_stream random(seed, 1000);
    for (int round = 0; round < 150; ++round) {
        completion done;
        std::atomic<int> in_time{0}, wrong{0};
        crowd c;
        auto wait = [&, round](int who) {
            random_stream mine(seed, static_cast<std::uint64_t>(round * 16 + who));
            bool const saw = done.wait_until(hocket::detail::from_now(std::chrono::nanoseconds(mine.below(60'000))));
            if (saw) in_time.fetch_add(1);
            if (saw && !done.is_set()) wrong.fetch_add(1);
            if (!saw) static_cast<void>(done.wait_until(INT64_MAX));
        };
        c.fibers(4, wait);
        if (round % 8 == 0) c.threads(1, wait);
        if (random.below(2) == 0) hocket::this_fiber::sleep_for(std::chrono::nanoseconds(random.below(60'000)));
        done.set();
        c.join();
        CHECK(wrong.load() == 0);
    }
}
