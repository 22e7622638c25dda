// Audio time: ticks at their samples, and renders that are the same bits whatever the machine does.
#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <hocket/go.hpp>
#include <random>
#include <stdexcept>

#include "support.hpp"

using namespace support;
using audio::async_thread;

namespace {

// Every action moves the level that the next samples are multiplied with: when it runs, and whether, is heard.
class wobble final : public quiet {
public:
    // Waits up to `delay` in each action, by a clock that has nothing to do with audio.
    wobble(unsigned seed, std::chrono::microseconds delay, bool running) : state_(seed), delay_(delay), random_(seed) {
        if (running) async_.start();
    }
    void update() override {
        out_ = in_ * level_.load(std::memory_order_relaxed);
        if (++count_ % 1000 == 0) async_.run_once();
    }
    void set_input(int, float value) override { in_ = value; }
    float get_output(int) const override { return out_; }

private:
    void act() {
        if (delay_.count() > 0) {
            std::this_thread::sleep_for(std::chrono::microseconds(random_() % delay_.count()));
            if (random_() % 4 == 0)
                hocket::blocking([d = random_() % delay_.count()] { std::this_thread::sleep_for(std::chrono::microseconds(d)); });
        }
        state_ = state_ * 1664525 + 1013904223;
        level_.store(static_cast<float>(state_ >> 8) / 16777216.0f, std::memory_order_relaxed);
    }

    async_thread async_{[this] { act(); }};
    std::uint32_t state_;
    std::chrono::microseconds delay_;
    std::minstd_rand random_;
    std::atomic<float> level_{1};
    unsigned count_ = 0;
    float in_ = 0;
    float out_ = 0;
};

struct variation {
    unsigned block = 64;
    unsigned runners = 2;
    hocket::context_backend context = hocket::context_backend::automatic;
    std::chrono::microseconds delay{0};
    bool running = true;
};

constexpr std::uint64_t length = 3000;

std::vector<float> render_wobbles(variation const& v) {
    audio::patch p("wobbles");
    unsigned const osc = p.add<audio::oscillator>("osc", 997.0), mix = p.add("hocket:Mixer");
    for (unsigned i = 0; i < 3; ++i) {
        unsigned const w = p.add<wobble>("wobble", i + 1, v.delay, v.running || i != 1);
        p.connect({osc, 0}, {w, 0});
        p.connect({w, 0}, {mix, static_cast<int>(i)});
    }
    p.map_output({mix, 0}, 0);
    audio::engine e({.runners = make_pool(v.runners, v.context)});
    e.load(p);
    return render(e, length, {.sample_rate = 44100, .block = v.block});
}

// The module that counts its calls, and notes at which sample each came.
class counting final : public quiet {
public:
    counting() { async_.start(); }
    void update() override { frame_.fetch_add(1, std::memory_order_relaxed); }
    std::vector<std::uint64_t> at;

private:
    async_thread async_{this, [this] { at.push_back(frame_.load(std::memory_order_relaxed)); }};
    std::atomic<std::uint64_t> frame_{0};
};

}  // namespace

TEST_CASE("two renders are bit-identical, whatever the blocks, runners, contexts and delays") {
    auto const expected = render_wobbles({});
    REQUIRE(expected.size() == length);
    CHECK(render_wobbles({}) == expected);
    for (unsigned const block : {1u, 17u, 512u}) CHECK(render_wobbles({.block = block}) == expected);
    CHECK(render_wobbles({.runners = 1}) == expected);
    for (auto const context : {hocket::context_backend::native, hocket::context_backend::boost})
        for (unsigned const block : {1u, 17u, 64u, 512u})
            CHECK(render_wobbles({.block = block, .context = context}) == expected);
    CHECK(render_wobbles({.delay = 500us}) == expected);
    // The comparison sees what it claims to see: with one AsyncThread off the samples are others.
    CHECK(render_wobbles({.running = false}) != expected);
}

TEST_CASE("tick k lies before frame ceil(k * rate / 2000), and nothing ticks by the wall clock") {
    for (unsigned const rate : {48000u, 44100u, 2000u, 1000u}) {
        audio::patch p("ticks");
        p.add<counting>("counting");
        audio::engine e({.runners = make_pool()});
        e.load(p);
        audio::freewheel_driver driver(e, {.sample_rate = rate, .block = 64});
        capture port;
        driver.render(rate / 2, port);
        std::this_thread::sleep_for(20ms);
        driver.render(rate - rate / 2, port);
        std::vector<std::uint64_t> expected;
        for (std::uint64_t k = 0; k < 2000; ++k)
            if (std::uint64_t const frame = (k * rate + 1999) / 2000; frame < rate) expected.push_back(frame);
        CHECK(e.at<counting>(1).at == expected);
        CHECK(e.now() == rate);
    }
}

TEST_CASE("a request from update is served at the next tick, each once, beside the periodic call") {
    class asking final : public quiet {
    public:
        explicit asking(bool periodic) {
            if (periodic) async_.start();
        }
        void update() override {
            if (++frame_ <= 100) async_.run_once();
        }
        std::atomic<int> calls{0};

    private:
        async_thread async_{this, [this] { ++calls; }};
        int frame_ = 0;
    };
    for (bool const periodic : {false, true}) {
        audio::patch p("asking");
        p.add<asking>("asking", periodic);
        audio::engine e({.runners = make_pool()});
        e.load(p);
        render(e, 48 * 5);  // ten ticks, at frames 0, 24 .. 216
        CHECK(e.at<asking>(1).calls == (periodic ? 110 : 100));
    }
}

TEST_CASE("due actions run one at a time, in the order of modules, then of construction") {
    static std::vector<std::string> order;
    static std::atomic<int> inside;
    static std::atomic<bool> overlap;
    order.clear();
    inside = 0;
    overlap = false;
    struct named : quiet {
        explicit named(std::string n) : name(std::move(n)) {
            second.start();
            first.start();
        }
        void note(char const* which) {
            if (++inside != 1) overlap = true;
            hocket::blocking([] { std::this_thread::sleep_for(100us); });
            order.push_back(name + which);
            --inside;
        }
        std::string name;
        async_thread first{this, [this] { note("1"); }};
        async_thread second{this, [this] { note("2"); }};
    };
    audio::patch p("order");
    for (char const* const name : {"a", "b", "c"}) p.add<named>(name, std::string(name));
    audio::engine e({.runners = make_pool()});
    e.load(p);
    render(e, 25);  // ticks before frames 0 and 24
    CHECK(order == std::vector<std::string>{"a1", "a2", "b1", "b2", "c1", "c2", "a1", "a2", "b1", "b2", "c1", "c2"});
    CHECK_FALSE(overlap);
}

TEST_CASE("an action sleeps in audio time, by ticks, and bars its module only") {
    static std::vector<std::string> heard;
    heard.clear();
    struct sleeper : quiet {
        explicit sleeper(std::chrono::microseconds d) : length(d) { first.start(), second.start(); }
        void update() override { ++frame; }
        void note(char const* what) { heard.push_back(what + std::to_string(frame)); }
        std::chrono::microseconds length;
        int frame = 0;
        async_thread first{this, [this] {
            note("sleeps ");
            hocket::this_fiber::sleep_for(length);
            note("wakes ");
        }};
        async_thread second{this, [this] { note("barred "); }};
    };
    struct neighbour : quiet {
        void update() override { ++frame; }
        int frame = 0;
        async_thread async{this, [this] { heard.push_back("neighbour " + std::to_string(frame)); }};
        neighbour() { async.start(); }
    };
    auto const play = [](unsigned runners, unsigned block, std::chrono::microseconds length) {
        heard.clear();
        audio::patch p("sleep");
        p.add<sleeper>("sleeper", length);
        p.add<neighbour>("neighbour");
        audio::engine e({.runners = make_pool(runners)});
        e.load(p);
        audio::freewheel_driver driver(e, {.sample_rate = 48000, .block = block});
        capture port;
        driver.render(24 * 4, port);  // ticks before frames 0, 24, 48, 72
        auto result = heard;
        heard.clear();
        return result;
    };
    // 600 us are two ticks.
    auto const at_each = [&](unsigned runners, unsigned block) { return play(runners, block, 600us); };
    auto const heard_first = at_each(2, 64);
    for (unsigned const block : {1u, 17u, 64u, 512u})
        for (unsigned const runners : {1u, 2u}) CHECK(at_each(runners, block) == heard_first);
    REQUIRE(heard_first.size() >= 4);
    CHECK(std::vector(heard_first.begin(), heard_first.begin() + 4) ==
          std::vector<std::string>{"sleeps 0", "neighbour 0", "neighbour 24", "wakes 48"});
    // No sleep at all is a call at each tick, and the other of the module after it.
    auto const awake = play(2, 64, 0us);
    CHECK(std::vector(awake.begin(), awake.begin() + 4) ==
          std::vector<std::string>{"sleeps 0", "wakes 0", "barred 0", "neighbour 0"});
}

TEST_CASE("a minute of sleep in audio time is over as soon as it has been rendered") {
    static std::atomic<int> woken;
    woken = 0;
    struct sleeper : quiet {
        async_thread async{this, [] {
            hocket::this_fiber::sleep_for(60s);
            ++woken;
        }};
        sleeper() { async.run_once(); }
    };
    audio::patch p("minute");
    p.add<sleeper>("sleeper");
    audio::engine e({.runners = make_pool()});
    e.load(p);
    audio::freewheel_driver driver(e, {.sample_rate = 2000, .block = 512});
    capture port;
    driver.render(2000 * 60, port);
    CHECK(woken == 0);
    driver.render(1, port);
    CHECK(woken == 1);
}

TEST_CASE("between two renders an AsyncThread that sleeps in audio time is destroyed, and one is waited for") {
    static std::atomic<int> asleep, woken;
    asleep = woken = 0;
    struct sleeper : quiet {
        std::unique_ptr<async_thread> async = std::make_unique<async_thread>(this, [] {
            ++asleep;
            hocket::this_fiber::sleep_for(30ms);
            hocket::this_fiber::sleep_for(1ms);
            ++woken;
        });
        sleeper() { async->run_once(); }
    };
    enum class how { destroyed, waited_for, over };
    for (how const ends : {how::destroyed, how::waited_for, how::over}) {
        CAPTURE(static_cast<int>(ends));
        asleep = woken = 0;
        audio::patch p("between");
        p.add<sleeper>("sleeper");
        audio::engine e({.runners = make_pool()});
        e.load(p);
        audio::freewheel_driver driver(e, {});
        capture port;
        driver.render(100, port);
        CHECK(asleep == 1);
        auto& s = e.at<sleeper>(1);
        if (ends == how::destroyed) {
            s.async.reset();
            CHECK(woken == 1);
        } else if (ends == how::waited_for) {
            auto waited = std::async(std::launch::async, [&s] { s.async->quiesce(); });
            CHECK(waited.wait_for(20s) == std::future_status::ready);
            driver.render(48 * 40, port);  // so that it ends if it has not
            waited.get();
            CHECK(woken == 1);
        } else {
            driver.render(48 * 40, port);
            CHECK(woken == 1);
            s.async->quiesce();
        }
        driver.render(100, port);
    }
}

TEST_CASE("what throws in audio time is contained too") {
    log_capture log;
    struct thrower : quiet {
        async_thread async{this, [] { throw std::runtime_error("no"); }};
        thrower() { async.start(); }
    };
    audio::patch p("thrower");
    p.add<thrower>("thrower");
    audio::engine e({.runners = make_pool()});
    e.load(p);
    render(e, 240);
    CHECK(e.stats().async_failures == 10);
    CHECK(e.stats().async_calls == 10);
    e.unload();
    CHECK(log.text().find("threw: no (failure 8)") != std::string::npos);
    CHECK(log.text().find("(failure 3)") == std::string::npos);
}

TEST_CASE("what a port captures goes through the patch") {
    class loop final : public audio::port {
    public:
        void capture(std::span<float* const> inputs, unsigned frames) noexcept override {
            for (unsigned i = 0; i < frames; ++i) inputs[0][i] = static_cast<float>(next_++);
        }
        void play(std::span<float const* const> outputs, unsigned frames) noexcept override {
            heard.insert(heard.end(), outputs[0], outputs[0] + frames);
        }
        std::vector<float> heard;

    private:
        int next_ = 0;
    };
    audio::patch p("loop");
    unsigned const amp = p.add("hocket:Gain");
    p.map_input(0, {amp, 0});
    p.map_output({amp, 0}, 0);
    audio::engine e({.runners = make_pool()});
    e.load(p);
    audio::freewheel_driver driver(e, {.block = 50});
    loop port;
    driver.render(120, port);
    REQUIRE(port.heard.size() == 120);
    for (std::size_t i = 0; i < 120; ++i) CHECK(port.heard[i] == static_cast<float>(i));
}
