// Changes while audio runs: knobs, inputs, modules and cables, muting; and what the engine tells of itself.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>

#include <hocket/this_fiber.hpp>
#include <optional>

#include "async_support.hpp"

using namespace support;
using audio::async_thread;

namespace {

// Puts out `value` + knob 0 + input 0, and keeps a diary of what it is told.
class teller final : public quiet {
public:
    explicit teller(float value = 0) : value_(value) {}
    ~teller() override {
        if (gone != nullptr) ++*gone;
    }
    void update() override {
        ++updates;
        out_ = value_ + knob_ + in_;
    }
    void set_param(int, float value) override { knob_ = value, ++turns; }
    void set_input(int, float value) override { in_ = value; }
    float get_output(int) const override { return out_; }
    void mark_input_patched(int jack) override { diary += "+i" + std::to_string(jack); }
    void mark_input_unpatched(int jack) override { diary += "-i" + std::to_string(jack); }
    void mark_output_patched(int jack) override { diary += "+o" + std::to_string(jack); }
    void mark_output_unpatched(int jack) override { diary += "-o" + std::to_string(jack); }
    std::string diary;
    std::atomic<int>* gone = nullptr;
    std::atomic<long> updates{0};
    std::atomic<long> turns{0};

private:
    float const value_;
    float knob_ = 0;
    float in_ = 0;
    float out_ = 0;
};

// The last frame of a block.
float last(audio::engine& e, unsigned output = 0, unsigned frames = 4) {
    std::vector<std::vector<float>> rows(output + 1, std::vector<float>(frames, 99));
    std::vector<float*> out;
    for (auto& r : rows) out.push_back(r.data());
    e.process({}, out, frames);
    return rows[output].back();
}

// Calls process() until it goes, as an audio thread does.
class audio_thread {
public:
    explicit audio_thread(audio::engine& e) : thread_([this, &e] {
        while (!stop_.load(std::memory_order_relaxed)) {
            last_.store(last(e), std::memory_order_relaxed);
            std::this_thread::sleep_for(100us);
        }
    }) {}
    ~audio_thread() {
        stop_ = true;
        thread_.join();
    }
    float last_value() const { return last_.load(std::memory_order_relaxed); }

private:
    std::atomic<bool> stop_{false};
    std::atomic<float> last_{0};
    std::thread thread_;
};

}  // namespace

TEST_CASE("knobs and inputs from other threads: the latest value is there at the next block") {
    rig r;
    audio::patch p("knobs");
    unsigned const a = p.add<teller>("a", 10.0f);
    p.map_output({a, 0}, 0);
    r.load(p);
    CHECK(last(r.engine) == 10);
    for (float const v : {0.25f, 1.0f, 0.5f}) r.engine.set_param(a, 0, v);
    r.engine.set_input(a, 0, 3);
    CHECK(r.engine.at<teller>(a).turns == 0);
    CHECK(last(r.engine) == 13.5f);
    CHECK(r.engine.at<teller>(a).turns == 1);
    CHECK(last(r.engine) == 13.5f);
    CHECK(r.engine.at<teller>(a).turns == 1);
    r.engine.pause();
    r.engine.set_param(a, 0, 0.75f);
    r.engine.resume();
    CHECK(last(r.engine) == 13.75f);
}

TEST_CASE("a knob that was turned before a change of graphs is turned by the new one, old module or new") {
    rig r;
    audio::patch p("knobs");
    unsigned const a = p.add<teller>("a", 10.0f);
    p.map_output({a, 0}, 0);
    r.load(p);
    CHECK(last(r.engine) == 10);
    auto q = r.engine.current();
    unsigned const b = q.add<teller>("b", 20.0f);
    q.map_output({b, 0}, 1);
    q.set_knob(b, 0, 0.5f);
    r.engine.set_param(a, 0, 0.25f);
    r.engine.apply(q);
    CHECK(last(r.engine, 1) == 20.5f);
    CHECK(last(r.engine) == 10.25f);
    r.engine.set_param(a, 0, 0.75f);
    r.engine.set_param(b, 0, 1);
    r.engine.apply(p);
    CHECK(last(r.engine) == 10.75f);
}

TEST_CASE("knobs that are not there, and values that make no sense, are refused in a sentence") {
    rig r;
    audio::patch p("knobs");
    p.add("hocket:Mixer");
    r.load(p);
    auto const refusal = [](auto f) -> std::string {
        try {
            f();
        } catch (std::exception const& e) {
            return e.what();
        }
        return "accepted";
    };
    CHECK(refusal([&] { r.engine.set_param(7, 0, 0); }) == "engine::set_param: there is no module 7 in the loaded patch");
    CHECK(refusal([&] { r.engine.set_param(0, 0, 0); }) == "engine::set_param: there is no module 0 in the loaded patch");
    CHECK(refusal([&] { r.engine.set_param(1, 4, 0); }) == "engine::set_param: module 1 (hocket:Mixer) has no knob 4");
    CHECK(refusal([&] { r.engine.set_param(1, -1, 0); }) == "engine::set_param: module 1 (hocket:Mixer) has no knob -1");
    CHECK(refusal([&] { r.engine.set_param(1, 0, 1.5f); }) ==
          "engine::set_param: module 1 (hocket:Mixer): 1.500000 is not within 0 and 1");
    CHECK(refusal([&] { r.engine.set_input(1, 4, 0); }) == "engine::set_input: module 1 (hocket:Mixer) has no input jack 4");
    CHECK(refusal([&] { r.engine.set_input(1, 0, std::numeric_limits<float>::infinity()); }) ==
          "engine::set_input: module 1 (hocket:Mixer): inf is not finite");
}

TEST_CASE("many threads turn one knob while audio runs, and modules come and go: the last value stays") {
    rig r;
    audio::patch p("turning");
    unsigned const a = p.add<teller>("a");
    p.map_output({a, 0}, 0);
    r.load(p);
    {
        audio_thread const playing(r.engine);
        std::vector<std::thread> crowd;
        for (int t = 0; t < 3; ++t)
            crowd.emplace_back([&, t] {
                for (int i = 0; i < 2000; ++i) r.engine.set_param(a, 0, static_cast<float>(i % 7 + t) / 16);
            });
        for (int i = 0; i < 20; ++i) {
            auto q = r.engine.current();
            q.add<teller>("more");
            r.engine.apply(q);
        }
        for (auto& t : crowd) t.join();
        r.engine.set_param(a, 0, 0.8125f);
        CHECK(eventually([&] { return playing.last_value() == 0.8125f; }));
    }
    CHECK(last(r.engine) == 0.8125f);
}

TEST_CASE("modules are added, removed and replaced while audio runs; those that stay do not notice") {
    std::atomic<int> gone{0};
    rig r;
    audio::patch p("live");
    unsigned const a = p.add<teller>("a", 1.0f), b = p.add<teller>("b", 10.0f);
    p.connect({a, 0}, {b, 0});
    p.map_output({b, 0}, 0);
    bool with_audio = false;
    SUBCASE("a thread processes") { with_audio = true; }
    SUBCASE("nobody does") {}
    r.load(p);
    std::optional<audio_thread> playing;
    if (with_audio) playing.emplace(r.engine);
    auto const hears = [&](float value) {
        return eventually([&] { return (with_audio ? playing->last_value() : last(r.engine)) == value; });
    };
    auto& first = r.engine.at<teller>(a);
    auto& second = r.engine.at<teller>(b);
    second.gone = &gone;
    CHECK(hears(11));
    long const updates = first.updates;

    auto q = r.engine.current();
    unsigned const c = q.add<teller>("c", 100.0f);
    CHECK(c == 3);
    q.connect({c, 0}, {b, 0});
    q.set_knob(c, 0, 0.5f);
    q.set_knob(a, 0, 0.25f);
    r.engine.apply(q);
    CHECK(&r.engine.at(a) == &first);
    CHECK(&r.engine.at(b) == &second);
    CHECK(hears(111.75f));
    CHECK(first.updates >= updates);

    q.replace<teller>(b, "b again", 1000.0f);
    r.engine.apply(q);
    CHECK(gone == 1);
    CHECK(&r.engine.at(b) != &second);
    CHECK(r.engine.at<teller>(b).diary == "+i0+o0+i0");  // it was built with its cables
    CHECK(hears(1101.75f));

    q.remove(c);
    r.engine.apply(q);
    CHECK_THROWS_AS(r.engine.at(c), std::out_of_range);
    CHECK(hears(1001.25f));

    q.disconnect({a, 0}, {b, 0});
    r.engine.apply(q);
    CHECK(hears(1000));
    playing.reset();
    CHECK(r.engine.at<teller>(a).diary == "+o0-o0");
    CHECK(r.engine.at<teller>(b).diary == "+i0+o0+i0-i0");
    CHECK(r.engine.stats().modules.size() == 2);

    q.connect({a, 0}, {b, 1});
    q.map_output({a, 0}, 2);
    q.bypass(b);
    r.engine.apply(q);
    CHECK(r.engine.panel_outputs() == 3);
    CHECK(last(r.engine, 2) == 1.25f);
    CHECK(last(r.engine, 0) == 0);
    CHECK(r.engine.at(b).bypassed);
}

TEST_CASE("a change that cannot be made changes nothing") {
    std::atomic<int> gone{0};
    rig r;
    audio::patch p("refused");
    unsigned const a = p.add<teller>("a", 1.0f);
    p.map_output({a, 0}, 0);
    r.load(p);
    r.engine.at<teller>(a).gone = &gone;
    auto q = r.engine.current();
    q.remove(a);
    add<teller>(q, "fine", [&] {
        auto made = std::make_unique<teller>();
        made->gone = &gone;
        return made;
    });
    q.add("bad", audio::module_factory([]() -> std::unique_ptr<audio::module> { throw std::runtime_error("no luck"); }));
    CHECK_THROWS_WITH_AS(r.engine.apply(q), "patch 'refused': module 3 (bad) cannot be built: no luck", audio::load_error);
    CHECK(gone == 1);  // the one that was built in vain
    CHECK(last(r.engine) == 1);
    auto s = r.engine.current();
    s.connect({a, 0}, {s.add("hocket:Mixer"), 9});
    CHECK_THROWS_WITH_AS(r.engine.apply(s), "patch 'refused': module 2 (hocket:Mixer) has no input jack 9; it has 4",
                         std::invalid_argument);
    CHECK(last(r.engine) == 1);
    CHECK(r.engine.current().parts().size() == 1);
    // A patch that has nothing in common with it.
    audio::patch other("other");
    other.map_output({other.add<teller>("x", 5.0f), 0}, 0);
    r.engine.apply(other);
    CHECK(gone == 2);
    CHECK(last(r.engine) == 5);
    CHECK(r.engine.current().name() == "other");
}

TEST_CASE("a module is removed while its action runs: that completes first; a new one's actions begin") {
    struct busy : quiet {
        gate* at;
        async_thread async{this, [this] { at->pass(); }};
        std::atomic<bool>* destroyed;
        busy(gate* g, std::atomic<bool>* d) : at(g), destroyed(d) { async.start(); }
        ~busy() override { *destroyed = true; }
    };
    gate g, h;
    std::atomic<bool> destroyed{false}, also{false};
    rig r;
    audio::patch p("remove");
    unsigned const a = p.add<busy>("busy", &g, &destroyed);
    r.load(p);
    CHECK(eventually([&] { return g.entered.load(); }));
    auto q = r.engine.current();
    q.remove(a);
    h.open = true;
    q.add<busy>("new", &h, &also);
    std::thread control([&] { r.engine.apply(q); });
    std::this_thread::sleep_for(5ms);
    CHECK_FALSE(destroyed);
    g.open = true;
    control.join();
    CHECK(destroyed);
    CHECK(g.passed >= 1);
    CHECK(eventually([&] { return h.passed >= 3; }));
}

TEST_CASE("muted, the engine is silent and goes on") {
    rig r;
    audio::patch p("mute");
    unsigned const a = p.add<teller>("a", 1.0f);
    p.map_output({a, 0}, 0);
    r.load(p);
    CHECK(last(r.engine) == 1);
    r.engine.mute(true);
    CHECK(r.engine.muted());
    long const before = r.engine.at<teller>(a).updates;
    CHECK(last(r.engine) == 0);
    CHECK(r.engine.at<teller>(a).updates == before + 4);
    r.engine.mute(false);
    CHECK(last(r.engine) == 1);
}

TEST_CASE("a bounded pause tells who is late") {
    rig r;
    host& h = load_host(r);
    gate g;
    h.async.start([&] { g.pass(); });
    CHECK(eventually([&] { return g.entered.load(); }));
    CHECK(r.engine.pause(1ms) == std::vector<std::string>{"module 1 (host) thread 0"});
    g.open = true;
    CHECK(r.engine.pause().empty());
    CHECK(g.passed == 1);
    CHECK(r.engine.pause(1ms).empty());
    r.engine.resume();
    CHECK(eventually([&] { return g.passed >= 2; }));
}

TEST_CASE("statistics: calls, periods, run times, overruns, loads, xruns") {
    rig r;
    audio::patch p("stats");
    unsigned const a = p.add<host>("a"), b = p.add<teller>("b", 0.0f);
    r.load(p);
    host& h = r.engine.at<host>(a);
    std::atomic<bool> slow{false};
    h.async.start([&] { std::this_thread::sleep_for(slow ? 3ms : 50us); });
    CHECK(eventually([&] { return h.async.calls() >= 20; }));
    slow = true;
    CHECK(eventually([&] { return r.engine.stats().async_threads.at(0).overruns >= 2; }));
    for (int i = 0; i < 10; ++i) last(r.engine, 0, 64);
    r.engine.report_xrun();
    auto const s = r.engine.stats();
    auto const& t = s.async_threads.at(0);
    CHECK(t.module == a);
    CHECK(t.name == "module 1 (a) thread 0");
    CHECK(t.calls >= 20);
    CHECK(t.run >= 20 * 50us);
    CHECK(t.longest_run >= 3ms);
    CHECK(t.mean_period >= 500us);
    CHECK(t.longest_period >= t.mean_period);
    CHECK(s.xruns == 1);
    CHECK(s.load > 0);
    CHECK(s.highest_load >= s.load);
    REQUIRE(s.modules.size() == 2);
    CHECK(s.modules[1].module == b);
    CHECK(s.modules[1].name == "module 2 (b)");
    CHECK(s.modules[1].load > 0);
    // A call lasts as long as its suspensions.
    slow = false;
    h.async.start([] { hocket::this_fiber::sleep_for(4ms); });
    std::this_thread::sleep_for(10ms);
    auto const calls = h.async.calls();
    CHECK(eventually([&] { return h.async.calls() >= calls + 3; }));
    CHECK(r.engine.stats().async_threads.at(0).longest_period >= 4ms);
}
