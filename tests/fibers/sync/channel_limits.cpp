// hocket::channel: waits that end by time or by a stop.
#include <hocket/channel.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <hocket/fiber.hpp>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "crowd.hpp"
#include "seed.hpp"

using namespace std::chrono_literals;
using hocket::channel;
using hocket::channel_status;
using std::chrono::steady_clock;

FIBER_TEST_CASE("channel: a wait in vain takes its time, and leaves all as it was", .workers = {1, 2, 4}) {
    channel<std::string> full(1), empty;
    CHECK(full.send("there"));
    std::string mine = "a text that is long enough to live on the heap";
    std::string const same = mine;
    std::optional<std::string> to("kept");
    auto const begin = steady_clock::now();
    CHECK(full.send_for(std::move(mine), 3ms) == channel_status::timeout);
    CHECK(full.send_until(std::move(mine), steady_clock::now() + 3ms) == channel_status::timeout);
    CHECK(empty.send_until(std::move(mine), std::chrono::system_clock::now() + 3ms) == channel_status::timeout);
    CHECK(empty.recv_for(to, 3ms) == channel_status::timeout);
    CHECK(empty.recv_until(to, steady_clock::now() + 3ms) == channel_status::timeout);
    CHECK(empty.recv_until(to, std::chrono::system_clock::now() + 3ms) == channel_status::timeout);
    CHECK(steady_clock::now() - begin >= 15ms);
    CHECK(mine == same);
    CHECK(to == "kept");
    // Nothing stayed behind: the next who comes finds nobody.
    CHECK(empty.try_send("nobody") == channel_status::would_block);
    CHECK(full.recv() == "there");
    CHECK(full.size() == 0);
}

FIBER_TEST_CASE("channel: what can be done at once is done, whatever the limit", .workers = {1, 2}) {
    channel<int> ch(2);
    std::stop_source stop;
    stop.request_stop();
    std::optional<int> to;
    CHECK(ch.send_for(1, -1h) == channel_status::success);
    CHECK(ch.send(2, stop.get_token()));
    CHECK(ch.recv(stop.get_token()) == 1);
    CHECK(ch.recv_until(to, steady_clock::time_point::min()) == channel_status::success);
    CHECK(to == 2);
    CHECK(ch.recv_for(to, -1h) == channel_status::timeout);
    CHECK(ch.recv_for(to, std::chrono::nanoseconds::min()) == channel_status::timeout);
    CHECK_FALSE(ch.recv(stop.get_token()));
    CHECK(ch.recv_for(to, stop.get_token(), 1h) == channel_status::stopped);
    CHECK(ch.close());
    CHECK(ch.recv_for(to, stop.get_token(), 1h) == channel_status::closed);
    CHECK(ch.send_for(1, 1h) == channel_status::closed);
    CHECK(to == 2);
}

FIBER_TEST_CASE("channel: a stop ends the wait of fibers and threads, and values stay", .workers = {1, 2, 4}) {
    channel<std::unique_ptr<int>> full, empty;
    std::stop_source stop;
    std::atomic<int> stopped{0}, kept{0};
    crowd c;
    auto send = [&](int who) {
        auto mine = std::make_unique<int>(who);
        bool const sent = who % 2 == 0 ? full.send(std::move(mine), stop.get_token())
                                       : full.send_for(std::move(mine), stop.get_token(), 1h) !=
                                             channel_status::stopped;
        stopped += sent ? 0 : 1;
        kept += mine != nullptr && *mine == who ? 1 : 0;
    };
    auto receive = [&](int who) {
        std::optional<std::unique_ptr<int>> to;
        stopped += who % 2 == 0 ? empty.recv(stop.get_token()) == std::nullopt
                                : empty.recv_until(to, stop.get_token(), steady_clock::now() + 1h) ==
                                      channel_status::stopped;
    };
    c.fibers(4, send);
    c.threads(2, send);
    c.fibers(4, receive);
    c.threads(2, receive);
    hocket::this_fiber::sleep_for(3ms);
    CHECK(stopped.load() == 0);
    stop.request_stop();
    c.join();
    CHECK(stopped.load() == 12);
    CHECK(kept.load() == 6);
    CHECK(full.try_send(nullptr) == channel_status::would_block);
}

FIBER_TEST_CASE("channel: no item is lost or doubled when waits time out as items come", .workers = {1, 2, 4}) {
    std::uint64_t const seed = test_seed("channel");
    for (std::size_t const capacity : {0u, 2u}) {
        CAPTURE(capacity);
        channel<long> ch(capacity);
        std::atomic<long> sent{0}, got{0}, sent_count{0}, got_count{0};
        auto patience = [](random_stream& r) { return std::chrono::nanoseconds(r.below(100'000)); };
        crowd senders, receivers;
        auto send = [&](int who) {
            random_stream random(seed, static_cast<std::uint64_t>(who));
            for (int i = 0; i < 400; ++i) {
                long const item = who * 1000 + i;
                if (ch.send_for(item, patience(random)) == channel_status::success) {
                    sent.fetch_add(item);
                    sent_count.fetch_add(1);
                }
            }
        };
        auto receive = [&](int who) {
            random_stream random(seed, static_cast<std::uint64_t>(100 + who));
            while (true) {
                std::optional<long> item;
                channel_status const s = ch.recv_for(item, patience(random));
                if (s == channel_status::closed) return;
                if (s == channel_status::timeout) continue;
                got.fetch_add(*item);
                got_count.fetch_add(1);
            }
        };
        receivers.fibers(3, receive);
        receivers.threads(1, receive);
        senders.fibers(5, send);
        senders.threads(1, send);
        senders.join();
        ch.close();
        receivers.join();
        CHECK(sent_count.load() == got_count.load());
        CHECK(sent.load() == got.load());
    }
}

// Every item that was taken arrives once, whether a stop came, the time, the end or a receiver.
FIBER_TEST_CASE("channel: no item is lost or doubled when stops come as items come", .workers = {1, 2, 4}) {
    constexpr int rounds = 60, people = 4;
    for (std::size_t const capacity : {0u, 1u}) {
        CAPTURE(capacity);
        int lost = 0, doubled = 0;
        for (int round = 0; round < rounds; ++round) {
            channel<int> ch(capacity);
            std::stop_source stop;
            std::vector<std::atomic<int>> sent(people), got(people);
            crowd c;
            auto send = [&](int who) { sent[static_cast<std::size_t>(who)] += ch.send(who, stop.get_token()); };
            auto receive = [&](int) {
                if (auto const v = ch.recv(stop.get_token())) got[static_cast<std::size_t>(*v)].fetch_add(1);
            };
            c.fibers(people - 1, send);
            c.threads(1, send);
            c.fibers(2, receive);
            c.threads(1, receive);
            for (int i = 0; i < round % 7; ++i) hocket::this_fiber::yield();
            stop.request_stop();
            c.join();
            std::optional<int> left;
            while (ch.try_recv(left) == channel_status::success) got[static_cast<std::size_t>(*left)].fetch_add(1);
            for (std::size_t i = 0; i < people; ++i) {
                lost += sent[i] > got[i];
                doubled += sent[i] < got[i];
            }
        }
        CHECK(lost == 0);
        CHECK(doubled == 0);
    }
}
