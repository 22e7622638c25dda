// action_mailbox: the newest action arrives, each is destroyed once, none is torn.
#include "audio/action_mailbox.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "audio/async_word.hpp"

using hocket::audio::action;
using hocket::audio::detail::action_mailbox;
using hocket::audio::detail::async_word;

TEST_CASE("take gives the action posted last, again and again") {
    action_mailbox box;
    CHECK(box.take() == nullptr);
    int seen = 0;
    for (int i = 1; i <= 10; ++i) {
        box.post([&seen, i] { seen = i; });
        if (i % 3 == 0) (*box.take())();
    }
    (*box.take())();
    CHECK(seen == 10);
    (*box.take())();
    CHECK(seen == 10);
}

TEST_CASE("every action posted is destroyed exactly once, whether it was ever taken or not") {
    auto const token = std::make_shared<int>(0);
    {
        action_mailbox box;
        for (int i = 0; i < 100; ++i) {
            box.post([token] { static_cast<void>(token); });
            CHECK(token.use_count() <= 5);  // four slots
            if (i % 7 == 0) box.take();
        }
        box.take();
        CHECK(token.use_count() == 2);  // replaced ones are gone once the consumer has looked
        box.clear();
        CHECK(token.use_count() == 1);
        box.post([token] { static_cast<void>(token); });
    }
    CHECK(token.use_count() == 1);
}

namespace {

// Knows whether it is whole, and how many of it are alive.
struct payload {
    std::atomic<int>* live;
    long a, b;
    payload(std::atomic<int>* l, long n) : live(l), a(n), b(~n) { live->fetch_add(1); }
    payload(payload&& other) noexcept : live(other.live), a(other.a), b(other.b) { live->fetch_add(1); }
    ~payload() {
        a = b = 0;
        live->fetch_sub(1);
    }
    void operator()() {
        if (a != ~b) torn = true;
    }
    static inline std::atomic<bool> torn{false};
};

}  // namespace

TEST_CASE("three posters and a consumer: no action is torn, lost twice or kept") {
    std::atomic<int> live{0};
    {
        action_mailbox box;
        std::atomic<int> posting{3};
        std::vector<std::jthread> posters;
        for (int t = 0; t < 3; ++t)
            posters.emplace_back([&, t] {
                for (long i = 0; i < 20000; ++i) box.post(payload(&live, i * 3 + t));
                --posting;
            });
        while (posting != 0)
            if (action* const a = box.take()) (*a)();
        REQUIRE(box.take() != nullptr);
        (*box.take())();
    }
    CHECK_FALSE(payload::torn);
    CHECK(live == 0);
}

TEST_CASE("the word counts requests beside the periodic bit") {
    async_word word;
    CHECK_FALSE(word.enabled());
    CHECK_FALSE(word.read().any());
    CHECK_FALSE(word.take());

    word.run_once();
    word.run_once();
    word.start();
    word.start();
    CHECK(word.read().periodic);
    CHECK(word.read().calls == 2);

    CHECK(word.take());
    CHECK(word.read().periodic);
    CHECK(word.read().calls == 1);
    CHECK(word.take());
    CHECK_FALSE(word.take());
    word.finish();
    CHECK(word.enabled());  // still periodic

    word.run_once();
    word.stop();
    CHECK_FALSE(word.enabled());
    CHECK_FALSE(word.take());
}

TEST_CASE("a requested call counts as enabled until it has ended, and stop during it loses no later request") {
    async_word word;
    word.run_once();
    REQUIRE(word.take());
    CHECK(word.enabled());
    CHECK_FALSE(word.read().any());
    word.stop();
    CHECK_FALSE(word.enabled());
    word.run_once();
    word.finish();
    CHECK(word.read().calls == 1);
    REQUIRE(word.take());
    word.finish();
    CHECK_FALSE(word.enabled());
}
