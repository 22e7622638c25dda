// hocket::barrier: the contract of std::barrier.
#include <hocket/barrier.hpp>
#include <hocket/testing.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

#include "crowd.hpp"
#include "dumped.hpp"
#include "seed.hpp"
#include "slow_clock.hpp"

using namespace std::chrono_literals;
using hocket::barrier;

using token = barrier<>::arrival_token;
static_assert(std::is_nothrow_move_constructible_v<token> && std::is_nothrow_move_assignable_v<token>);
static_assert(!std::is_copy_constructible_v<token> && !std::is_copy_assignable_v<token>);
static_assert(!std::is_copy_constructible_v<barrier<>> && !std::is_convertible_v<std::ptrdiff_t, barrier<>>);
static_assert(barrier<>::max() >= 1'000'000);

FIBER_TEST_CASE("barrier: phase after phase, the completion between them, fibers and threads", .workers = {1, 2, 4}) {
    constexpr int people = 8, phases = 50;
    std::array<int, people> step{};  // no atomics: the barrier orders them
    int completed = 0, wrong = 0;
    auto completion = [&]() noexcept {
        for (int const s : step)
            if (s != completed + 1) ++wrong;
        ++completed;
    };
    barrier<decltype(completion)> all(people, completion);
    std::atomic<int> early{0};
    crowd c;
    barrier<> between(people);  // nobody steps on while others still look
    auto work = [&](int who) {
        for (int phase = 1; phase <= phases; ++phase) {
            step[static_cast<std::size_t>(who)] = phase;
            if ((who + phase) % 5 == 0) hocket::this_fiber::yield();
            if (who % 2 == 0) {
                all.arrive_and_wait();
            } else {
                auto arrived = all.arrive();
                all.wait(std::move(arrived));
            }
            if (completed != phase) ++early;
            between.arrive_and_wait();
        }
    };
    c.fibers(people - 2, work);
    c.threads(2, work);
    c.join();
    CHECK(completed == phases);
    CHECK(wrong == 0);
    CHECK(early.load() == 0);
}

FIBER_TEST_CASE("barrier: it calls the completion once in each phase, in one of those who arrive",
                .workers = {1, 2, 4}) {
    int calls = 0;
    std::optional<hocket::fiber_id> by;
    auto completion = [&]() noexcept {
        ++calls;
        by = hocket::this_fiber::get_id();
        hocket::this_fiber::yield();  // it may suspend
    };
    barrier<decltype(completion)> all(2, completion);
    auto first = all.arrive();
    CHECK(calls == 0);
    auto second = all.arrive();
    CHECK(calls == 1);
    CHECK(by == hocket::this_fiber::get_id());
    all.wait(std::move(first));
    all.wait(std::move(second));
    auto both = all.arrive(2);
    CHECK(calls == 2);
    all.wait(std::move(both));
}

FIBER_TEST_CASE("barrier: who waits with a token of the phase before goes on at once", .workers = {1, 2}) {
    barrier<> all(1);
    auto first = all.arrive();
    auto second = all.arrive();
    all.wait(std::move(first));
    all.wait(std::move(second));
    all.arrive_and_wait();
}

FIBER_TEST_CASE("barrier: who drops out is expected once more, and no longer", .workers = {1, 2, 4}) {
    barrier<> all(7);
    std::atomic<int> passed{0};
    crowd c;
    // Number n takes part in n phases and then leaves.
    auto work = [&](int who) {
        for (int phase = 0; phase < who; ++phase) {
            all.arrive_and_wait();
            ++passed;
        }
        all.arrive_and_drop();
    };
    c.fibers(5, work);
    c.threads(2, work);
    c.join();
    CHECK(passed.load() == 0 + 1 + 2 + 3 + 4 + 5 + 6);
}

FIBER_TEST_CASE("barrier: waits with a limit", .workers = {1, 2, 4}) {
    barrier<> all(2);
    auto arrived = all.arrive();
    auto give_up = [&] {
        auto const begin = std::chrono::steady_clock::now();
        bool const patient = !all.wait_for(arrived, 3ms) && std::chrono::steady_clock::now() - begin >= 3ms;
        auto const slow = slow_clock::now() + 1ms;
        std::stop_source stop;
        stop.request_stop();
        return patient && !all.wait_for(arrived, -1s) && !all.wait_until(arrived, slow) && slow_clock::now() >= slow &&
               !all.wait(arrived, stop.get_token());
    };
    CHECK(hocket::async(give_up).get());
    CHECK(on_a_thread(give_up));
    std::stop_source stop;
    auto stopped = hocket::async([&] { return all.wait(arrived, stop.get_token()); });
    auto waits = hocket::async([&] { return all.wait_for(arrived, 60s); });
    auto thread = thread_async([&] { return all.wait_until(arrived, std::chrono::system_clock::now() + 60s); });
    wait_until_dumped(hocket::testing::runtime_under_test(), 2, "waits for a barrier");
    stop.request_stop();
    CHECK_FALSE(stopped.get());
    all.arrive_and_drop();
    CHECK(waits.get());
    CHECK(thread.get());
    all.wait(std::move(arrived));
    all.arrive_and_wait();  // alone now
}

FIBER_TEST_CASE("barrier: limits that meet the last arrival", .workers = {1, 2, 4}) {
    std::uint64_t const seed = test_seed("barrier");
    constexpr int people = 6;
    barrier<> all(people);
    std::atomic<int> reached[people] = {};
    std::atomic<int> wrong{0};
    crowd c;
    auto work = [&](int who) {
        random_stream random(seed, static_cast<std::uint64_t>(who));
        for (int phase = 1; phase <= 60; ++phase) {
            reached[who].store(phase);
            auto arrived = all.arrive();
            while (!all.wait_for(arrived, std::chrono::nanoseconds(random.below(40'000)))) {
            }
            for (auto const& r : reached)
                if (r.load() != phase && r.load() != phase + 1) ++wrong;
        }
    };
    c.fibers(people - 1, work);
    c.threads(1, work);
    c.join();
    CHECK(wrong.load() == 0);
}

FIBER_TEST_CASE("barrier: it may die as soon as who waited has returned", .workers = {1, 2, 4}) {
    for (int i = 0; i < 200; ++i) {
        auto all = std::make_unique<barrier<>>(2);
        barrier<>* const known = all.get();
        auto other = hocket::async([known] { known->arrive_and_drop(); });
        all->arrive_and_wait();
        all.reset();
        other.get();
    }
}
