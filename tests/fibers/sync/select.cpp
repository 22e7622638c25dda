// hocket::select: which case is carried out, and what becomes of the others.
#include <hocket/select.hpp>
#include <hocket/testing.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <hocket/fiber.hpp>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>

#include "crowd.hpp"

using namespace std::chrono_literals;
using hocket::channel;
using hocket::channel_status;
using hocket::on_recv;
using hocket::on_send;
using hocket::on_stop;
using hocket::on_timeout;
using hocket::otherwise;
using hocket::select;

namespace {

constexpr auto nothing = [] {};
constexpr auto ignore = [](auto const&) {};

template <class T>
auto into(std::optional<T>& to) {
    return [&to](std::optional<T> v) { to = std::move(v); };
}

}  // namespace

FIBER_TEST_CASE("select: the case that is ready is carried out, and no other", .workers = {1, 2, 4}) {
    channel<int> a(1), b(1);
    std::optional<int> got;
    bool sent = false;
    CHECK(b.send(7));
    CHECK(select(on_recv(a, ignore), on_recv(b, into(got)), on_timeout(1h, nothing)) == 1);
    CHECK(got == 7);
    CHECK(select(on_recv(a, ignore), on_send(b, 8, [&](bool s) { sent = s; })) == 1);
    CHECK(sent);
    CHECK(a.size() == 0);
    CHECK(b.recv() == 8);
}

FIBER_TEST_CASE("select: a value whose case was not taken is as it was", .workers = {1, 2}) {
    channel<std::unique_ptr<int>> full(1);
    channel<std::string> empty(1);
    CHECK(full.send(nullptr));
    CHECK(empty.send("first"));
    auto mine = std::make_unique<int>(5);
    int const* const address = mine.get();
    bool told = false;
    auto const tell = [&](bool) { told = true; };
    CHECK(select(on_send(full, std::move(mine), tell), on_recv(empty, ignore)) == 1);
    CHECK(select(on_send(full, std::move(mine), tell), otherwise(nothing)) == 1);
    CHECK(select(on_send(full, std::move(mine), tell), on_timeout(1ms, nothing)) == 1);
    CHECK(full.close());
    CHECK(mine.get() == address);
    CHECK_FALSE(told);
    bool sent = true;
    CHECK(select(on_send(full, std::move(mine), [&](bool s) { sent = s; })) == 0);
    CHECK_FALSE(sent);
    CHECK(mine.get() == address);
    // From an lvalue it makes itself a value.
    std::string const text = "a text that is long enough to live on the heap";
    CHECK(select(on_send(empty, text, ignore)) == 0);
    CHECK(empty.recv() == text);
}

FIBER_TEST_CASE("select: a closed channel is ready, but what it holds comes first", .workers = {1, 2}) {
    channel<int> ch(2), open;
    CHECK(ch.send(1));
    CHECK(ch.close());
    std::optional<int> got(0);
    CHECK(select(on_recv(open, ignore), on_recv(ch, into(got))) == 1);
    CHECK(got == 1);
    for (int i = 0; i < 3; ++i) {
        got = 0;
        CHECK(select(on_recv(open, ignore), on_recv(ch, into(got)), otherwise(nothing)) == 1);
        CHECK_FALSE(got.has_value());
    }
    bool sent = true;
    CHECK(select(on_send(ch, 1, [&](bool s) { sent = s; }), on_recv(open, ignore)) == 0);
    CHECK_FALSE(sent);
    CHECK(select(on_recv(ch, ignore).when(false), on_send(ch, 1, ignore).when(false), otherwise(nothing)) == 2);
}

FIBER_TEST_CASE("select: a deadline and a stop end it; what is ready goes before", .workers = {1, 2, 4}) {
    channel<int> a, b(1);
    auto const begin = std::chrono::steady_clock::now();
    CHECK(select(on_recv(a, ignore), on_recv(b, ignore), on_timeout(3ms, nothing)) == 2);
    CHECK(select(on_recv(a, ignore), on_timeout(std::chrono::system_clock::now() + 3ms, nothing)) == 1);
    CHECK(select(on_timeout(3ms, nothing)) == 0);
    CHECK(std::chrono::steady_clock::now() - begin >= 9ms);
    CHECK(select(on_timeout(-1h, nothing), on_recv(a, ignore)) == 0);

    std::stop_source stop;
    hocket::fiber asks([&stop] {
        hocket::this_fiber::sleep_for(2ms);
        stop.request_stop();
    });
    CHECK(select(on_recv(a, ignore), on_stop(stop.get_token(), nothing), on_send(a, 1, ignore),
                 on_timeout(1h, nothing)) == 1);
    CHECK(select(on_stop(stop.get_token(), nothing), on_recv(a, ignore)) == 0);
    CHECK(select(on_stop(stop.get_token(), nothing), on_send(b, 1, ignore)) == 1);
    // Nothing stayed behind.
    CHECK(a.try_send(1) == channel_status::would_block);
    asks.join();
}

FIBER_TEST_CASE("select: its function may wait, select, and throw", .workers = {1, 2, 4}) {
    channel<int> a(1), b(1);
    CHECK(a.send(1));
    CHECK(b.send(2));
    int inner = 0;
    CHECK(select(on_recv(a, [&](std::optional<int> v) {
              hocket::this_fiber::sleep_for(1ms);
              CHECK(a.send(*v + 1));
              select(on_recv(a, [&](std::optional<int> w) { inner = *w; }));
          })) == 0);
    CHECK(inner == 2);
    CHECK_THROWS_AS(select(on_recv(b, [](std::optional<int>) { throw std::runtime_error("of the function"); })),
                    std::runtime_error);
    CHECK(b.size() == 0);
}

FIBER_TEST_CASE("select: one that sends and receives on one channel is no partner of its own", .workers = {1, 2, 4}) {
    channel<int> ch;
    auto both = [&ch](int mine, std::optional<int>& got) {
        return select(on_send(ch, mine, ignore), on_recv(ch, into(got)), on_send(ch, mine, ignore),
                      on_timeout(20s, nothing));
    };
    CHECK(select(on_send(ch, 1, ignore), on_recv(ch, ignore), on_timeout(2ms, nothing)) == 2);
    for (int i = 0; i < 200; ++i) {
        std::optional<int> a, b;
        std::size_t one = 9;
        hocket::fiber other([&] { one = both(1, a); });
        std::size_t const two = both(2, b);
        other.join();
        REQUIRE(one <= 2);
        REQUIRE(two <= 2);
        CHECK((one == 1) != (two == 1));  // one sends, the other receives
        CHECK(a == (one == 1 ? std::optional<int>(2) : std::nullopt));
        CHECK(b == (two == 1 ? std::optional<int>(1) : std::nullopt));
    }
}

FIBER_TEST_CASE("select: close() wakes it, whatever it waits for", .workers = {1, 2, 4}) {
    for (bool const sends : {false, true}) {
        channel<int> a, b;
        std::atomic<int> refused{0};
        crowd c;
        auto wait = [&](int) {
            std::size_t const i = select(on_recv(a, [&](std::optional<int> v) { refused += sends ? 0 : !v; }),
                                         on_send(b, 1, [&](bool s) { refused += sends ? !s : 0; }));
            if (i != (sends ? 1u : 0u)) refused += 100;
        };
        c.fibers(3, wait);
        c.threads(2, wait);
        hocket::this_fiber::sleep_for(2ms);
        CHECK((sends ? b : a).close());
        c.join();
        CHECK(refused.load() == 5);
    }
}

FIBER_TEST_CASE("select: among those that are ready it is fair", .workers = {1, 2}) {
    constexpr int rounds = 4000;
    channel<int> a(rounds), b(rounds), never;
    auto count = [&](std::array<int, 4>& n) {
        for (int i = 0; i < rounds; ++i)
            ++n[select(on_send(a, i, ignore), on_recv(never, ignore), on_send(b, i, ignore),
                       on_send(a, i, ignore).when(false))];
    };
    std::array<int, 4> fibers{}, threads{};
    count(fibers);
    while (a.size() + b.size() != 0) select(on_recv(a, ignore), on_recv(b, ignore));
    hocket::blocking([&] { std::thread(count, std::ref(threads)).join(); });
    for (auto const& n : {fibers, threads}) {
        CHECK(n[0] + n[2] == rounds);
        CHECK(n[0] > rounds / 2 - 400);  // thirteen standard deviations
        CHECK(n[2] > rounds / 2 - 400);
    }
}

TEST_CASE("select: between plain threads, without any runtime") {
    channel<int> forth, back, done(1);
    std::thread answers([&] {
        bool more = true;
        while (more)
            select(on_recv(forth, [&](std::optional<int> v) { CHECK(back.send(*v + 1)); }),
                   on_recv(done, [&](std::optional<int>) { more = false; }));
    });
    int wrong = 0;
    for (int i = 0; i < 500; ++i) {
        CHECK(forth.send(i));
        select(on_recv(back, [&](std::optional<int> v) { wrong += v != i + 1; }), on_timeout(30s, [&] { ++wrong; }));
    }
    CHECK(done.close());
    answers.join();
    CHECK(wrong == 0);
}
