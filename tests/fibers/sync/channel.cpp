// hocket::channel.
#include <hocket/channel.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <hocket/fiber.hpp>
#include <hocket/future.hpp>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "crowd.hpp"

using namespace std::chrono_literals;
using hocket::channel;
using hocket::channel_status;

namespace {

// Counts its live objects.
struct counted {
    static inline std::atomic<int> live{0};
    int value = 0;
    explicit counted(int v) : value(v) { live.fetch_add(1); }
    counted(counted&& other) noexcept : value(other.value) {
        other.value = -1;
        live.fetch_add(1);
    }
    counted& operator=(counted&&) = delete;
    ~counted() { live.fetch_sub(1); }
};

// Every item once, those of one sender in their order; senders and receivers are fibers and threads.
void many_to_many(channel<long>& ch) {
    constexpr int senders = 5, receivers = 4, each = 300;
    std::atomic<long> sum{0};
    std::atomic<int> count{0}, out_of_order{0};
    crowd sending, receiving;
    auto send = [&ch](int who) {
        for (int i = 0; i < each; ++i)
            if (!ch.send(static_cast<long>(who) * 1'000'000 + i)) return;
    };
    auto receive = [&](int) {
        std::vector<long> last(senders, -1);
        for (long const item : ch) {
            auto const who = static_cast<std::size_t>(item / 1'000'000);
            if (item % 1'000'000 <= last[who]) out_of_order.fetch_add(1);
            last[who] = item % 1'000'000;
            sum.fetch_add(item % 1'000'000);
            count.fetch_add(1);
        }
    };
    receiving.fibers(receivers - 1, receive);
    receiving.threads(1, receive);
    sending.fibers(senders - 1, send);
    sending.threads(1, send);
    sending.join();
    ch.close();
    receiving.join();
    CHECK(count.load() == senders * each);
    CHECK(sum.load() == static_cast<long>(senders) * each * (each - 1) / 2);
    CHECK(out_of_order.load() == 0);
    CHECK(ch.size() == 0);
}

}  // namespace

// A value whose move may throw is refused where it is compiled; a pointer to one is not.
struct moves_badly {
    moves_badly() = default;
    moves_badly(moves_badly&&) noexcept(false) {}
};
static_assert(!hocket::channel_value<moves_badly> && !hocket::channel_value<int const> && !hocket::channel_value<int&>);
static_assert(hocket::channel_value<std::unique_ptr<moves_badly>> && hocket::channel_value<counted>);
static_assert(std::ranges::input_range<channel<int>&>);

FIBER_TEST_CASE("channel: many senders, many receivers, rendezvous", .workers = {1, 2, 4}) {
    channel<long> ch;
    many_to_many(ch);
}
FIBER_TEST_CASE("channel: many senders, many receivers, room for one", .workers = {1, 2, 4}) {
    channel<long> ch(1);
    many_to_many(ch);
}
FIBER_TEST_CASE("channel: many senders, many receivers, room for five", .workers = {1, 2, 4}) {
    channel<long> ch(5);
    many_to_many(ch);
}
FIBER_TEST_CASE("channel: many senders, many receivers, unbounded", .workers = {1, 2, 4}) {
    channel<long> ch(hocket::unbounded);
    many_to_many(ch);
}

FIBER_TEST_CASE("channel: a rendezvous sender waits for its receiver", .workers = {1, 2, 4}) {
    channel<int> ch;
    std::atomic<bool> sent{false};
    hocket::fiber f([&] {
        bool const ok = ch.send(7);
        sent.store(ok);
    });
    hocket::this_fiber::sleep_for(3ms);
    CHECK_FALSE(sent.load());
    CHECK(ch.size() == 0);
    CHECK(ch.recv() == 7);
    f.join();
    CHECK(sent.load());
    CHECK(ch.try_send(1) == channel_status::would_block);
}

FIBER_TEST_CASE("channel: a bounded one takes what it has room for, in order", .workers = {1, 2, 4}) {
    channel<std::string> ch(3);
    std::optional<std::string> out;
    CHECK(ch.try_recv(out) == channel_status::would_block);
    for (int round = 0; round < 5; ++round) {
        for (int i = 0; i < 3; ++i) CHECK(ch.try_send("item " + std::to_string(i)) == channel_status::success);
        std::string kept = "one too many, and long enough to be on the heap";
        CHECK(ch.try_send(std::move(kept)) == channel_status::would_block);
        CHECK(kept == "one too many, and long enough to be on the heap");
        CHECK(ch.size() == 3);
        for (int i = 0; i < 3; ++i) {
            CHECK(ch.try_recv(out) == channel_status::success);
            CHECK(out == "item " + std::to_string(i));
        }
    }
    // A sender that waits gets its item in behind the others.
    for (int i = 0; i < 3; ++i) CHECK(ch.send(std::to_string(i)));
    hocket::fiber f([&ch] { static_cast<void>(ch.send(std::string("3"))); });
    hocket::this_fiber::sleep_for(2ms);
    for (int i = 0; i < 4; ++i) CHECK(ch.recv() == std::to_string(i));
    f.join();
}

FIBER_TEST_CASE("channel: after close() what is buffered is received, then nothing; senders are refused", .workers = {1, 2, 4}) {
    channel<std::unique_ptr<int>> ch(4);
    CHECK(ch.send(std::make_unique<int>(1)));
    CHECK(ch.send(std::make_unique<int>(2)));
    CHECK_FALSE(ch.closed());
    CHECK(ch.close());
    CHECK_FALSE(ch.close());
    CHECK(ch.closed());
    auto refused = std::make_unique<int>(3);
    CHECK_FALSE(ch.send(std::move(refused)));
    REQUIRE(refused != nullptr);
    CHECK(*refused == 3);
    CHECK(ch.try_send(std::move(refused)) == channel_status::closed);
    REQUIRE(refused != nullptr);
    CHECK(**ch.recv() == 1);
    std::optional<std::unique_ptr<int>> out;
    CHECK(ch.try_recv(out) == channel_status::success);
    CHECK(**out == 2);
    CHECK_FALSE(ch.recv().has_value());
    CHECK(ch.try_recv(out) == channel_status::closed);
}

FIBER_TEST_CASE("channel: close() wakes all who wait, and waiting senders keep their values", .workers = {1, 2, 4}) {
    channel<std::unique_ptr<int>> full(1), empty(1);
    CHECK(full.send(std::make_unique<int>(0)));
    std::atomic<int> kept{0}, nothing{0};
    crowd c;
    auto send = [&](int who) {
        auto mine = std::make_unique<int>(who);
        if (!full.send(std::move(mine)) && mine != nullptr && *mine == who) kept.fetch_add(1);
    };
    auto receive = [&](int) {
        if (!empty.recv()) nothing.fetch_add(1);
    };
    c.fibers(3, send);
    c.threads(1, send);
    c.fibers(3, receive);
    c.threads(1, receive);
    hocket::this_fiber::sleep_for(3ms);
    full.close();
    empty.close();
    c.join();
    CHECK(kept.load() == 4);
    CHECK(nothing.load() == 4);
    CHECK(full.recv().has_value());
    CHECK_FALSE(full.recv().has_value());
}

FIBER_TEST_CASE("channel: unbounded, it never makes a sender wait, and grows in order", .workers = {1}) {
    channel<int> ch(hocket::unbounded);
    int next = 0, out = 0;
    for (int i = 0; i < 10; ++i) CHECK(ch.send(next++));
    for (int i = 0; i < 7; ++i) CHECK(ch.recv() == out++);  // the ring's head has moved
    for (int i = 0; i < 3000; ++i) CHECK(ch.try_send(next++) == channel_status::success);
    while (out < next) CHECK(ch.recv() == out++);
    CHECK(ch.size() == 0);
}

FIBER_TEST_CASE("channel: what kind it is can be asked, and has to make sense", .workers = {1}) {
    CHECK(channel<int>().capacity() == 0);
    CHECK(channel<int>(hocket::rendezvous).capacity() == 0);
    CHECK(channel<int>(3).capacity() == 3);
    CHECK(channel<int>(hocket::sliding(4)).capacity() == 4);
    CHECK(channel<int>(hocket::unbounded).capacity() == SIZE_MAX);
    CHECK_THROWS_AS(channel<int>(hocket::sliding(0)), std::invalid_argument);
}

FIBER_TEST_CASE("channel: a sliding one keeps the newest, and never makes a sender wait", .workers = {1, 2, 4}) {
    channel<std::string> ch(hocket::sliding(3));
    for (int i = 0; i < 10; ++i) CHECK(ch.try_send(std::to_string(i)) == channel_status::success);
    CHECK(ch.size() == 3);
    CHECK(ch.dropped() == 7);
    CHECK(ch.recv() == "7");
    CHECK(ch.send("ten"));
    for (char const* left : {"8", "9", "ten"}) CHECK(ch.recv() == left);
    hocket::fiber waits([&ch] { CHECK(ch.recv() == "eleven"); });
    hocket::this_fiber::sleep_for(1ms);
    CHECK(ch.send("eleven"));
    waits.join();
    CHECK(ch.dropped() == 7);
    CHECK(ch.close());
    CHECK(ch.try_send("late") == channel_status::closed);
}

// Asks the channel that it gave way in for its size: a lock that was held would be seen.
struct asks_when_it_ends {
    channel<asks_when_it_ends>* whom;
    explicit asks_when_it_ends(channel<asks_when_it_ends>* w) : whom(w) {}
    asks_when_it_ends(asks_when_it_ends&& other) noexcept : whom(std::exchange(other.whom, nullptr)) {}
    ~asks_when_it_ends() {
        if (whom == nullptr) return;
        hocket::this_fiber::yield();
        CHECK(whom->size() == 1);
    }
};

FIBER_TEST_CASE("channel: a value that slides out ends in its sender, outside the lock", .workers = {1, 2}) {
    counted::live.store(0);
    channel<counted> ch(hocket::sliding(2));
    for (int i = 0; i < 5; ++i) CHECK(ch.send(counted(i)));
    CHECK(counted::live.load() == 2);
    CHECK(ch.recv()->value == 3);
    CHECK(ch.recv()->value == 4);
    CHECK(counted::live.load() == 0);

    channel<asks_when_it_ends> asked(hocket::sliding(1));
    for (int i = 0; i < 3; ++i) CHECK(asked.send(asks_when_it_ends(&asked)));
    std::optional<asks_when_it_ends> last = asked.recv();
    CHECK(std::exchange(last->whom, nullptr) == &asked);
}

// The newest of each sender come, in its order; what has come and what has gone is all that was sent.
FIBER_TEST_CASE("channel: many senders, many receivers, sliding", .workers = {1, 2, 4}) {
    constexpr int senders = 5, each = 300;
    channel<long> ch(hocket::sliding(4));
    std::atomic<int> count{0}, out_of_order{0};
    crowd sending, receiving;
    auto receive = [&](int) {
        std::vector<long> last(senders, -1);
        for (long const item : ch) {
            auto const who = static_cast<std::size_t>(item / 1000);
            if (item % 1000 <= last[who]) out_of_order.fetch_add(1);
            last[who] = item % 1000;
            count.fetch_add(1);
        }
    };
    auto send = [&ch](int who) {
        for (int i = 0; i < each; ++i) static_cast<void>(ch.send(who * 1000 + i));
    };
    receiving.fibers(2, receive);
    receiving.threads(1, receive);
    sending.fibers(senders - 1, send);
    sending.threads(1, send);
    sending.join();
    CHECK(ch.close());
    receiving.join();
    CHECK(static_cast<std::uint64_t>(count.load()) + ch.dropped() == senders * each);
    CHECK(out_of_order.load() == 0);
}

FIBER_TEST_CASE("channel: its iterator is an input iterator", .workers = {1}) {
    channel<std::unique_ptr<int>> ch(4);
    for (int i = 0; i < 3; ++i) CHECK(ch.send(std::make_unique<int>(i)));
    CHECK(ch.close());
    auto at = ch.begin();
    CHECK(**at == 0);
    std::unique_ptr<int> const taken = std::move(*at);
    at++;
    CHECK(*at->get() == 1);
    CHECK(std::ranges::distance(std::move(at), ch.end()) == 2);
}

FIBER_TEST_CASE("channel: every value is constructed and destroyed once, wherever it was", .workers = {1, 2, 4}) {
    counted::live.store(0);
    {
        channel<counted> ch(3);
        for (int i = 0; i < 3; ++i) CHECK(ch.send(counted(i)));
        hocket::fiber waits([&ch] { static_cast<void>(ch.send(counted(3))); });
        CHECK(ch.recv()->value == 0);
        waits.join();
        std::optional<counted> out;
        CHECK(ch.try_recv(out) == channel_status::success);
        CHECK(out->value == 1);
        channel<counted> many(hocket::unbounded);
        for (int i = 0; i < 100; ++i) CHECK(many.send(counted(i)));
        CHECK(many.recv()->value == 0);
        channel<counted> direct;
        hocket::fiber gives([&direct] { static_cast<void>(direct.send(counted(5))); });
        CHECK(direct.recv()->value == 5);
        gives.join();
        CHECK(ch.size() == 2);  // they die with it
    }
    CHECK(counted::live.load() == 0);
}

FIBER_TEST_CASE("channel: values of great size and alignment", .workers = {2}) {
    struct alignas(128) wide {
        std::byte bytes[1000];
        int number;
    };
    for (std::size_t const capacity : {0u, 2u}) {
        channel<wide> ch(capacity);
        crowd c;
        c.fibers(1, [&ch](int) {
            for (int i = 0; i < 20; ++i) {
                wide w{};
                w.number = i;
                static_cast<void>(ch.send(std::move(w)));
            }
            ch.close();
        });
        int next = 0;
        for (wide& w : ch) {
            CHECK(reinterpret_cast<std::uintptr_t>(&w) % 128 == 0);
            CHECK(w.number == next++);
        }
        CHECK(next == 20);
    }
}

FIBER_TEST_CASE("channel: a capacity that no memory can hold is refused", .workers = {1}) {
    CHECK_THROWS_AS(channel<int>(SIZE_MAX / 2), std::bad_alloc);
    CHECK_THROWS_AS(channel<int>(SIZE_MAX / 8), std::bad_alloc);
}

TEST_CASE("channel: between plain threads, without any runtime") {
    channel<int> ch(2);
    std::thread sender([&ch] {
        for (int i = 0; i < 1000; ++i) static_cast<void>(ch.send(i));
        ch.close();
    });
    int next = 0, wrong = 0;
    for (int const i : ch) wrong += i != next++ ? 1 : 0;
    sender.join();
    CHECK(wrong == 0);
    CHECK(next == 1000);
}

TEST_CASE("channel: a conversation between the fibers of two runtimes") {
    for (unsigned const workers : {1u, 2u, 4u}) {
        CAPTURE(workers);
        hocket::runtime here{hocket::testing::observed({.workers = workers, .blocking_workers = 1})};
        hocket::runtime there{hocket::testing::observed({.workers = workers, .blocking_workers = 1})};
        channel<int> forth, back;
        std::atomic<int> answered{0};
        there.start();
        for (int i = 0; i < 4; ++i)
            there.go([&] {
                for (int const n : forth) {
                    answered.fetch_add(1);
                    if (!back.send(n + 1)) return;
                }
            });
        long sum = 0;
        here.run([&] {
            hocket::fiber asks([&] {
                for (int i = 0; i < 500; ++i) static_cast<void>(forth.send(i));
                forth.close();
            });
            for (int i = 0; i < 500; ++i) sum += back.recv().value_or(-100'000);
            asks.join();
        });
        there.shutdown();
        CHECK(sum == 500L * 501 / 2);
        CHECK(answered.load() == 500);
        CHECK(there.stats().live == 0);
        CHECK(here.stats().live == 0);
    }
}
