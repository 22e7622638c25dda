// hocket::select against select, against close(), time and stops: no item is lost or doubled.
#include <hocket/select.hpp>
#include <hocket/testing.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <hocket/fiber.hpp>
#include <optional>
#include <stop_token>
#include <vector>

#include "crowd.hpp"
#include "seed.hpp"

using namespace std::chrono_literals;
using hocket::channel;
using hocket::channel_status;
using hocket::on_recv;
using hocket::on_send;
using hocket::on_stop;
using hocket::on_timeout;
using hocket::select;

namespace {

// How often each item was sent and received.
struct account {
    explicit account(int items) : sent(static_cast<std::size_t>(items)), got(static_cast<std::size_t>(items)) {}

    auto taking(int item) {
        return [this, item](bool s) {
            if (s) sent[static_cast<std::size_t>(item)].fetch_add(1);
        };
    }
    auto giving() {
        return [this](std::optional<int> v) {
            if (v) got[static_cast<std::size_t>(*v)].fetch_add(1);
        };
    }
    void check() {
        int lost = 0, doubled = 0;
        for (std::size_t i = 0; i < sent.size(); ++i) {
            lost += got[i] < sent[i];
            doubled += got[i] > sent[i];
        }
        CHECK(lost == 0);
        CHECK(doubled == 0);
    }

    std::vector<std::atomic<int>> sent, got;
};

}  // namespace

FIBER_TEST_CASE("select: two that face each other over two channels always meet", .workers = {1, 2, 4}) {
    constexpr int rounds = 300;
    channel<int> a, b;
    account items(2 * rounds);
    crowd c;
    auto one = [&](int) {
        for (int i = 0; i < rounds; ++i) select(on_send(a, i, items.taking(i)), on_recv(b, items.giving()));
    };
    auto other = [&](int) {
        for (int i = 0; i < rounds; ++i)
            select(on_send(b, rounds + i, items.taking(rounds + i)), on_recv(a, items.giving()));
    };
    c.fibers(1, one);
    c.fibers(1, other);
    c.join();
    c.threads(1, one);
    c.fibers(1, other);
    c.join();
    items.check();
}

// Everybody selects over all channels, each in an order of its own, until the channels are closed.
FIBER_TEST_CASE("select: a crowd over four channels", .workers = {1, 2, 4}) {
    std::uint64_t const seed = test_seed("select");
    for (std::size_t const capacity : {0u, 1u, 3u}) {
        CAPTURE(capacity);
        constexpr int people = 6, each = 200;
        std::array<channel<int>, 4> line{channel<int>(capacity), channel<int>(capacity), channel<int>(0),
                                         channel<int>(2)};
        account items(people * each);
        std::stop_source stop;
        auto talk = [&](int who) {
            random_stream random(seed, static_cast<std::uint64_t>(who) + 10 * capacity);
            int next = who * each;
            int const end = next + each;
            while (next != end) {
                auto sent = [&, take = items.taking(next)](bool s) { take(s), next += s; };
                auto some = [&] { return std::chrono::nanoseconds(random.below(50'000)); };
                std::size_t const p = random.below(4), q = (p + 1 + random.below(3)) % 4;
                switch (random.below(4)) {
                    case 0: select(on_recv(line[p], items.giving()), on_send(line[q], next, sent)); break;
                    case 1:
                        select(on_send(line[p], next, sent), on_send(line[q], next, sent),
                               on_recv(line[p], items.giving()), on_timeout(some(), [] {}));
                        break;
                    case 2:
                        select(on_send(line[p], next, sent), on_recv(line[p], items.giving()),
                               on_timeout(some(), [] {}));
                        break;
                    default:
                        if (line[p].send_for(next, some()) == channel_status::success) sent(true);
                        std::optional<int> v;
                        if (line[q].recv_for(v, some()) == channel_status::success) items.giving()(v);
                }
            }
        };
        // Case 0 may wait for a partner that has gone: somebody remains to the end.
        auto remain = [&](int) {
            bool more = true;
            while (more)
                select(on_recv(line[0], items.giving()), on_recv(line[1], items.giving()),
                       on_recv(line[2], items.giving()), on_recv(line[3], items.giving()),
                       on_stop(stop.get_token(), [&] { more = false; }));
        };
        crowd c, stays;
        stays.fibers(1, remain);
        c.fibers(people - 2, talk);
        c.threads(2, talk);
        c.join();
        stop.request_stop();
        stays.join();
        std::optional<int> v;
        for (auto& l : line)
            while (l.try_recv(v) == channel_status::success) items.giving()(v);
        items.check();
    }
}

FIBER_TEST_CASE("select: close(), time, a stop and a partner come at once", .workers = {1, 2, 4}) {
    constexpr int people = 6;
    for (int round = 0; round < 120; ++round) {
        channel<int> a, b(1);
        account items(people);
        std::stop_source stop;
        crowd c;
        auto talk = [&](int who) {
            select(on_send(a, who, items.taking(who)), on_recv(b, items.giving()), on_send(b, who, items.taking(who)),
                   on_recv(a, items.giving()), on_stop(stop.get_token(), [] {}), on_timeout(200us * (1 + who), [] {}));
        };
        c.fibers(people - 1, talk);
        c.threads(1, talk);
        for (int i = 0; i < round % 9; ++i) hocket::this_fiber::yield();
        if (round % 2 == 0) a.close();
        if (round % 3 == 0) stop.request_stop();
        if (round % 4 == 0) b.close();
        c.join();
        std::optional<int> v;
        if (b.try_recv(v) == channel_status::success) items.giving()(v);
        items.check();
    }
}
