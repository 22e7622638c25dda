// Channels and select: one match for each item, whatever comes at once.
#include <chrono>
#include <cstddef>
#include <hocket/hocket.hpp>
#include <optional>
#include <stop_token>

#include "check.hpp"

using hocket::channel;
using hocket::channel_status;
using hocket::on_recv;
using hocket::on_send;
using hocket::on_stop;
using hocket::on_timeout;
using hocket::detail::seam::fault;
using hocket::explorer::explore_options;
using hocket::explorer::finds;
using hocket::explorer::passes;
using hocket::explorer::require;
using hocket::explorer::small;
using hocket::explorer::tally;
using hocket::explorer::thread;
using hocket::explorer::whole;
using namespace std::chrono_literals;

namespace {

explore_options named(char const* name, unsigned schedules = 8000) {
    return {.name = name, .schedules = schedules, .max_steps = 20'000};
}

// How often each item was sent and received.
class account {
public:
    auto taking(int item) {
        return [this, item](bool s) { sent_[item] += s; };
    }
    auto giving() {
        return [this](std::optional<int> v) {
            if (v) ++got_[*v];
        };
    }
    void drain(channel<int>& ch) {
        std::optional<int> v;
        while (ch.try_recv(v) == channel_status::success) ++got_[*v];
    }
    void check(int at_least = 0) {
        int all = 0;
        for (int i = 0; i < 8; ++i) {
            require(sent_[i] <= got_[i], "no item is lost");
            require(sent_[i] >= got_[i], "no item is doubled");
            all += sent_[i];
        }
        require(all >= at_least, "items are sent");
    }

private:
    tally sent_[8], got_[8];
};

// Each can only go on by the other.
void face_to_face() {
    channel<int> a, b;
    account items;
    thread other([&] {
        for (int i = 0; i < 2; ++i) hocket::select(on_send(b, 4 + i, items.taking(4 + i)), on_recv(a, items.giving()));
    });
    for (int i = 0; i < 2; ++i) hocket::select(on_recv(b, items.giving()), on_send(a, i, items.taking(i)));
    other.join();
    items.check(2);
}

void three_in_a_ring() {
    channel<int> a, b, c;
    account items;
    auto select = [&](channel<int>& from, channel<int>& to, int item) {
        hocket::select(on_recv(from, items.giving()), on_send(to, item, items.taking(item)), on_timeout(30us, [] {}));
    };
    thread x([&] { select(a, b, 0); }), y([&] { select(b, c, 1); });
    select(c, a, 2);
    x.join(), y.join();
    items.check();
}

// A select, and plain calls on each of its channels: what none takes stays.
void among_plain_calls(std::size_t capacity) {
    channel<int> a(capacity), b(capacity);
    account items;
    thread sends([&] { items.taking(1)(a.send_for(1, 20us) == channel_status::success); });
    thread also([&] { items.taking(2)(b.send_for(2, 20us) == channel_status::success); });
    hocket::select(on_recv(a, items.giving()), on_recv(b, items.giving()), on_timeout(20us, [] {}));
    sends.join(), also.join();
    items.drain(a), items.drain(b);
    items.check(capacity == 0 ? 0 : 2);
}

void one_channel_both_ways() {
    channel<int> ch;
    account items;
    auto both = [&](int mine) {
        hocket::select(on_send(ch, mine, items.taking(mine)), on_recv(ch, items.giving()));
    };
    thread other([&] { both(1); });
    both(2);
    other.join();
    items.check(1);
}

void closed_meanwhile() {
    channel<int> a, b(1);
    account items;
    thread selects([&] {
        for (int i = 0; i < 2; ++i)
            hocket::select(on_recv(a, items.giving()), on_send(b, i, items.taking(i)),
                           on_recv(b, items.giving()).when(i == 1));
    });
    thread sends([&] { items.taking(5)(a.send(5)); });
    b.close();
    a.close();
    selects.join(), sends.join();
    items.drain(b);
    items.check();
    require(!a.close(), "it is closed");
}

void stopped_meanwhile() {
    channel<int> a, b;
    account items;
    std::stop_source stop;
    thread selects([&] {
        hocket::select(on_recv(a, items.giving()), on_send(b, 1, items.taking(1)), on_stop(stop.get_token(), [] {}));
    });
    thread sends([&] { items.taking(2)(a.send(2, stop.get_token())); });
    stop.request_stop();
    selects.join(), sends.join();
    items.check();
}

void stopped_alone() {
    channel<int> a, b;
    std::stop_source stop;
    thread selects([&] {
        std::size_t const i = hocket::select(on_recv(a, [](auto const&) {}), on_recv(b, [](auto const&) {}),
                                             on_stop(stop.get_token(), [] {}));
        require(i == 2, "the stop ends it");
    });
    thread receives([&] { require(!a.recv(stop.get_token()), "the stop ends it"); });
    stop.request_stop();
    selects.join(), receives.join();
}

void sliding_and_closed() {
    channel<int> ch(hocket::sliding(1));
    tally sent, got;
    thread s([&] { for (int i = 0; i < 3; ++i) sent += ch.send(i); });
    thread r([&] { while (ch.recv()) ++got; });
    s.join();
    ch.close();
    r.join();
    require(sent == 3 && got + static_cast<int>(ch.dropped()) == 3, "what does not arrive is counted");
}

// The same of fibers, whose frames die as soon as they go on.
void fibers_and_a_thread() {
    hocket::runtime rt{small(2)};
    channel<int> a, b;
    account items;
    auto pass = [&](channel<int>& from, channel<int>& to, int item) {
        hocket::select(on_recv(from, items.giving()), on_send(to, item, items.taking(item)), on_timeout(40us, [] {}));
    };
    thread outsider([&] { pass(a, b, 0); }, "outsider");
    rt.run([&] {
        auto x = hocket::async([&] { pass(b, a, 1), pass(a, b, 2); });
        auto y = hocket::async([&] { pass(b, a, 3); });
        pass(a, b, 4);
        x.get(), y.get();
    });
    outsider.join();
    items.check();
}

// Channels that outlive the select's frame: a node that is left behind is stumbled over.
void selects_one_after_the_other() {
    hocket::runtime rt{small(2)};
    rt.run([] {
        channel<int> a, b;
        account items;
        auto x = hocket::async([&] {
            for (int i = 0; i < 3; ++i) hocket::select(on_recv(a, items.giving()), on_recv(b, items.giving()));
        });
        for (int i = 0; i < 3; ++i) hocket::select(on_send(i % 2 == 0 ? a : b, i, items.taking(i)));
        x.get();
        items.check(3);
    });
}

}  // namespace

TEST_CASE("select: among threads") {
    passes(named("face to face"), face_to_face);
    passes(named("three in a ring"), three_in_a_ring);
    for (std::size_t const capacity : {0, 1}) passes(named("among plain calls"), [=] { among_plain_calls(capacity); });
    passes(named("one channel, both ways"), one_channel_both_ways);
    passes(named("closed meanwhile"), closed_meanwhile);
    passes(named("stopped meanwhile"), stopped_meanwhile);
    passes(named("stopped alone"), stopped_alone);
    passes(named("sliding and closed"), sliding_and_closed);
}

TEST_CASE("select: among fibers") {
    passes(whole("fibers and a thread"), fibers_and_a_thread);
    passes(whole("selects one after the other"), selects_one_after_the_other);
}

TEST_CASE("select: what is wrong is found") {
    finds(fault::select_queues_later, named("queues later", 50'000), "deadlock", face_to_face);
    finds(fault::select_leaves_nodes, whole("leaves nodes", 20'000), "", selects_one_after_the_other);
    finds(fault::claim_in_two_steps, named("claimed twice", 50'000), "", three_in_a_ring);
    finds(fault::stop_is_asked_once, named("stop missed", 50'000), "deadlock", stopped_alone);
}
