// Requests and answers between the audio thread and a job.
#include <doctest/doctest.h>

#include <hocket/audio/requests.hpp>
#include <stdexcept>

#include "async_support.hpp"

using namespace support;

namespace {

// Asks at each sample, and keeps what it gets.
struct asker : quiet {
    using mail = audio::requests<std::unique_ptr<int>, std::unique_ptr<int>>;

    explicit asker(std::size_t capacity) : asking(this, capacity, [this](std::unique_ptr<int>&& r) {
        if (*r % 10 == 9) throw std::runtime_error("a nine");
        seen.push_back(*r);
        *r *= 2;
        return std::move(r);  // the memory goes back
    }) {
        for (int i = 0; i < 1000; ++i) spare.push_back(std::make_unique<int>());
    }

    void update() override {
        std::unique_ptr<int> answer;
        for (;;) {
            auto const got = asking.receive(answer);
            if (got == audio::received::nothing) break;
            if (got == audio::received::failure) {
                ++failures;
                continue;
            }
            answers.push_back(*answer);
            spare.push_back(std::move(answer));
        }
        if (next == limit || spare.empty()) return;
        *spare.back() = next;
        if (asking.send(std::move(spare.back()))) {
            spare.pop_back();
            ++next;
        } else {
            CHECK(*spare.back() == next);  // refused, it is where it was
            ++refused;
        }
    }

    int next = 0;
    int limit = 1000;
    int failures = 0;
    int refused = 0;
    std::vector<int> answers;
    std::vector<std::unique_ptr<int>> spare;
    std::vector<int> seen;  // by the job
    mail asking;
};

void process(audio::engine& e, unsigned frames) { e.process({}, {}, frames); }

}  // namespace

TEST_CASE("every request is answered once, in order; a job that throws is told of; a full line refuses") {
    for (std::size_t const capacity : {1u, 5u, 64u}) {
        rig r;
        audio::patch p("asker");
        p.add<asker>("asker", capacity);
        r.load(p);
        auto& a = r.engine.at<asker>(1);
        log_capture log;
        CHECK(eventually([&] {
            process(r.engine, 16);
            CHECK(a.asking.under_way() <= capacity);
            return a.next == a.limit && a.asking.under_way() == 0;
        }));
        CHECK(a.failures == 100);
        if (capacity < 16) CHECK(a.refused > 0);  // it asks 16 times between two ticks
        std::vector<int> expected, doubled;
        for (int i = 0; i < 1000; ++i)
            if (i % 10 != 9) expected.push_back(i), doubled.push_back(2 * i);
        r.engine.pause();
        CHECK(a.seen == expected);
        CHECK(a.answers == doubled);
        CHECK(r.engine.stats().async_failures == 100);
        CHECK(r.engine.stats().async_calls == 1000);
        CHECK(log.text().find("a nine") != std::string::npos);
    }
}

TEST_CASE("in audio time an answer comes at the tick") {
    struct once : quiet {
        audio::requests<int, int> asking{this, 4, [](int x) { return x + 1; }};
        void update() override {
            if (frame == 5) CHECK(asking.send(41));
            int answer = 0;
            if (asking.receive(answer) == audio::received::answer) {
                CHECK(answer == 42);
                came_at = frame;
            }
            ++frame;
        }
        int frame = 0;
        int came_at = -1;
    };
    for (unsigned const block : {1u, 17u, 64u}) {
        audio::patch p("once");
        p.add<once>("once");
        audio::engine e({.runners = make_pool()});
        e.load(p);
        render(e, 100, {.sample_rate = 48000, .block = block});
        CHECK(e.at<once>(1).came_at == 24);
    }
}

TEST_CASE("a module goes while its job runs and requests wait") {
    std::atomic<int> calls{0};
    struct slow : quiet {
        explicit slow(std::atomic<int>* c) : calls(c) {}
        std::atomic<int>* calls;
        audio::requests<int, int> asking{this, 8, [this](int x) {
            std::this_thread::sleep_for(1ms);
            ++*calls;
            return x;
        }};
        void update() override { static_cast<void>(asking.send(1)); }
    };
    for (int i = 0; i < 20; ++i) {
        rig r;
        audio::patch p("slow");
        p.add<slow>("slow", &calls);
        r.load(p);
        int const before = calls;
        process(r.engine, 16);
        CHECK(eventually([&] { return calls > before; }));
        r.engine.unload();
    }
}
