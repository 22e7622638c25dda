// The engine step, the order of loading, muting, and what a patch is refused for.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>

#include "support.hpp"

using namespace support;

namespace {

// Output 0 is what was in input 0 at the last update, plus `offset`.
class echo final : public quiet {
public:
    explicit echo(float offset = 0) : offset_(offset) {}
    void update() override { out_ = in_ + offset_; }
    void set_input(int jack, float value) override {
        if (jack == 0) in_ = value;
    }
    float get_output(int) const override { return out_; }

private:
    float const offset_;
    float in_ = 0;
    float out_ = 0;
};

std::vector<float> process(audio::engine& e, std::vector<float> in, unsigned outputs = 1) {
    std::vector<std::vector<float>> out(outputs, std::vector<float>(in.size(), 99));
    std::vector<float*> rows;
    for (auto& o : out) rows.push_back(o.data());
    float const* const input = in.data();
    e.process({&input, 1}, rows, static_cast<unsigned>(in.size()));
    std::vector<float> result;
    for (auto& o : out) result.insert(result.end(), o.begin(), o.end());
    return result;
}

}  // namespace

TEST_CASE("the panel has no delay, a cable between modules one sample") {
    rig r;
    audio::patch p("delay");
    unsigned const a = p.add<echo>("a"), b = p.add<echo>("b"), c = p.add<echo>("c");
    p.map_input(0, {a, 0});
    p.connect({a, 0}, {b, 0});
    p.connect({b, 0}, {c, 0});
    p.map_output({a, 0}, 0);
    p.map_output({b, 0}, 1);
    p.map_output({c, 0}, 2);
    r.load(p);
    CHECK(process(r.engine, {1, 2, 3, 4}, 3) == std::vector<float>{1, 2, 3, 4, 0, 1, 2, 3, 0, 0, 1, 2});
}

TEST_CASE("the order of modules in the patch does not change what cables carry") {
    // The same chain, added backwards.
    rig r;
    audio::patch p("backwards");
    unsigned const c = p.add<echo>("c"), b = p.add<echo>("b"), a = p.add<echo>("a");
    p.map_input(0, {a, 0});
    p.connect({a, 0}, {b, 0});
    p.connect({b, 0}, {c, 0});
    p.map_output({c, 0}, 0);
    r.load(p);
    CHECK(process(r.engine, {1, 2, 3, 4}) == std::vector<float>{0, 0, 1, 2});
}

TEST_CASE("cables into one input add up, those of the panel included; so do those into one panel output") {
    rig r;
    audio::patch p("sum");
    unsigned const ten = p.add<echo>("ten", 10.0f), hundred = p.add<echo>("hundred", 100.0f), to = p.add<echo>("to");
    p.connect({ten, 0}, {to, 0});
    p.connect({hundred, 0}, {to, 0});
    p.map_input(0, {to, 0});
    p.map_output({to, 0}, 0);
    p.map_output({ten, 0}, 1);
    p.map_output({hundred, 0}, 1);
    r.load(p);
    CHECK(process(r.engine, {1, 2, 3}, 2) == std::vector<float>{1, 112, 113, 110, 110, 110});
}

TEST_CASE("a loop of cables is a loop with delay") {
    rig r;
    audio::patch p("loop");
    unsigned const a = p.add<echo>("a", 1.0f);
    p.connect({a, 0}, {a, 0});
    p.map_output({a, 0}, 0);
    r.load(p);
    CHECK(process(r.engine, {0, 0, 0, 0}) == std::vector<float>{1, 2, 3, 4});
}

TEST_CASE("blocks of every length, missing and surplus channels") {
    rig r;
    audio::patch p("blocks");
    unsigned const a = p.add<echo>("a", 1.0f);
    p.map_input(2, {a, 0});
    p.map_output({a, 0}, 0);
    r.load(p);
    CHECK(r.engine.panel_inputs() == 3);
    CHECK(r.engine.panel_outputs() == 1);
    CHECK(process(r.engine, {5, 5}, 3) == std::vector<float>{1, 1, 0, 0, 0, 0});  // input 2 is not there: 0
    CHECK(process(r.engine, {}).empty());
    std::array<float*, 1> const none{nullptr};
    r.engine.process({}, none, 16);
    CHECK(r.engine.now() == 18);
    CHECK(r.engine.stats().frames == 18);
}

TEST_CASE("a bypassed module is not updated and its outputs are 0") {
    rig r;
    audio::patch p("bypass");
    unsigned const a = p.add<echo>("a", 1.0f), b = p.add<echo>("b", 10.0f);
    p.connect({a, 0}, {b, 0});
    p.map_output({a, 0}, 0);
    p.map_output({b, 0}, 1);
    p.bypass(a);
    r.load(p);
    CHECK(r.engine.at(a).bypassed);
    CHECK(process(r.engine, {0, 0}, 2) == std::vector<float>{0, 0, 10, 10});
    p.bypass(a, false);
    r.load(p);
    CHECK(process(r.engine, {0, 0}, 2) == std::vector<float>{1, 1, 10, 11});
}

TEST_CASE("a module is loaded in the order that MetaModule's modules expect") {
    static std::vector<std::string> seen;
    class witness final : public audio::module {
    public:
        witness() { seen.push_back(id != 0 ? "constructed with id" : "constructed without id"); }
        void update() override {
            if (seen.back() != "update") seen.push_back("update");
        }
        void set_samplerate(float rate) override { seen.push_back("rate " + std::to_string(static_cast<int>(rate))); }
        void set_param(int param, float) override { seen.push_back("param " + std::to_string(param)); }
        void set_input(int, float) override {}
        float get_output(int) const override { return 0; }
        void mark_all_inputs_unpatched() override { seen.push_back("inputs unpatched"); }
        void mark_all_outputs_unpatched() override { seen.push_back("outputs unpatched"); }
        void mark_input_patched(int jack) override { seen.push_back("input " + std::to_string(jack)); }
        void mark_output_patched(int jack) override { seen.push_back("output " + std::to_string(jack)); }
        void load_state(std::string_view data) override { seen.push_back("state " + std::string(data)); }
        ~witness() override { seen.push_back("destroyed"); }
    };
    seen.clear();
    {
        rig r;
        audio::patch p("order");
        unsigned const w = p.add<witness>("witness");
        p.map_input(0, {w, 7});
        p.map_output({w, 3}, 0);
        p.set_knob(w, 2, 1);
        p.set_state(w, "data");
        r.load(p);
        process(r.engine, {0, 0});
        r.engine.prepare(44100, 64);
    }
    CHECK(seen == std::vector<std::string>{"constructed with id", "inputs unpatched", "outputs unpatched", "rate 48000",
                                           "input 7", "output 3", "state data", "param 2", "update", "rate 44100",
                                           "destroyed"});
}

TEST_CASE("a sample rate that a module cannot have changes nothing") {
    static std::vector<int> told;
    struct teller : audio::module {
        void update() override {}
        void set_samplerate(float rate) override { told.push_back(static_cast<int>(rate)); }
        void set_param(int, float) override {}
        void set_input(int, float) override {}
        float get_output(int) const override { return 7; }
    };
    struct chooser : teller {
        bool no_other_either = false;
        void set_samplerate(float rate) override {
            if (rate > 50000 || (no_other_either && rate > 45000)) throw std::runtime_error("too fast for me");
        }
    };
    told.clear();
    rig r;
    audio::patch p("rates");
    unsigned const t = p.add<teller>("teller"), c = p.add<chooser>("chooser");
    p.map_output({t, 0}, 0);
    r.load(p);
    CHECK(process(r.engine, {0}) == std::vector<float>{7});
    CHECK_THROWS_WITH_AS(r.engine.prepare(96000, 64), "too fast for me", std::runtime_error);
    CHECK(told == std::vector<int>{48000, 96000, 48000});
    CHECK(r.engine.sample_rate() == 48000);
    CHECK(process(r.engine, {0}) == std::vector<float>{7});
    r.engine.at<chooser>(c).no_other_either = true;
    CHECK_THROWS_AS(r.engine.prepare(96000, 64), std::runtime_error);
    CHECK(process(r.engine, {0}) == std::vector<float>{0});
    told.clear();
    r.engine.at<chooser>(c).no_other_either = false;
    r.engine.prepare(48000, 64);
    CHECK(told == std::vector<int>{48000});
    CHECK(process(r.engine, {0}) == std::vector<float>{7});
}

TEST_CASE("process is silent unless a patch is loaded, prepared and not paused") {
    rig r;
    audio::patch p("mute");
    p.map_output({p.add<echo>("a", 1.0f), 0}, 0);
    auto const once = [&] { return process(r.engine, {0})[0]; };
    CHECK(once() == 0);
    r.engine.prepare(48000, 64);
    CHECK(once() == 0);
    r.engine.load(p);
    CHECK(once() == 1);
    r.engine.pause();
    CHECK(once() == 0);
    r.engine.load(p);
    CHECK(once() == 0);  // a paused engine stays paused
    r.engine.resume();
    CHECK(once() == 1);
    r.engine.release();
    CHECK(once() == 0);
    r.engine.prepare(48000, 64);
    CHECK(once() == 1);
    r.engine.unload();
    CHECK(once() == 0);
}

TEST_CASE("patches are loaded and unloaded while another thread processes, and never within a block") {
    static std::atomic<int> inside, torn;
    inside = torn = 0;
    class slow final : public quiet {
    public:
        ~slow() override { torn += inside != 0; }
        void update() override {
            ++inside;
            std::this_thread::sleep_for(100us);  // so that nearly always a block is under way
            --inside;
        }
    };
    rig r;
    audio::patch one("one"), two("two");
    one.map_output({one.add<echo>("a", 1.0f), 0}, 0);
    two.map_output({two.add<echo>("a", 2.0f), 0}, 0);
    one.add<slow>("slow");
    two.add<slow>("slow");
    r.load(one);
    std::atomic<bool> stop{false};
    std::atomic<long> blocks{0}, wrong{0};
    std::thread audio_thread([&] {
        while (!stop) {
            for (float const x : process(r.engine, {0, 0, 0, 0})) wrong += x != 0 && x != 1 && x != 2;
            ++blocks;
            std::this_thread::yield();
        }
    });
    for (int i = 0; i < 50; ++i) {
        long const before = blocks;
        r.engine.load(i % 2 == 0 ? two : one);
        CHECK(eventually([&] { return blocks > before + 2; }));
    }
    r.engine.unload();
    stop = true;
    audio_thread.join();
    CHECK(wrong == 0);
    CHECK(torn == 0);
}

TEST_CASE("denormals are flushed within a block, and only there") {
    static float seen = -1;
    class shrink final : public quiet {
    public:
        void update() override {
            float volatile tiny = std::numeric_limits<float>::min();
            seen = tiny / 4;
        }
    };
    rig r;
    audio::patch p("denormals");
    p.add<shrink>("shrink");
    r.load(p);
    process(r.engine, {0});
#if defined(__x86_64__) || defined(__aarch64__)
    CHECK(seen == 0);
#endif
    float volatile tiny = std::numeric_limits<float>::min();
    CHECK(tiny / 4 != 0);
}

TEST_CASE("a patch that cannot be built is refused in a sentence, and nothing stays loaded") {
    rig r;
    auto const refusal = [&](audio::patch const& p) -> std::string {
        try {
            r.load(p);
        } catch (std::exception const& e) {
            CHECK_THROWS_AS(r.engine.at(0), std::out_of_range);
            return e.what();
        }
        return "accepted";
    };
    audio::patch throwing("t");
    throwing.add<quiet>("fine");
    auto const unlucky = []() -> std::unique_ptr<audio::module> { throw std::runtime_error("no luck"); };
    throwing.add("bad", audio::module_factory(unlucky));
    CHECK(refusal(throwing) == "patch 't': module 2 (bad) cannot be built: no luck");
    CHECK_THROWS_AS(r.load(throwing), audio::load_error);

    audio::patch null("n");
    null.add("bad", audio::module_factory([] { return std::unique_ptr<audio::module>(); }));
    CHECK(refusal(null) == "patch 'n': module 1 (bad) cannot be built: its factory returned nothing");

    audio::patch odd("o");
    odd.add("bad", audio::module_factory([]() -> std::unique_ptr<audio::module> { throw 7; }));
    CHECK(refusal(odd) == "patch 'o': module 1 (bad) cannot be built: it threw something that is no std::exception");

    audio::patch jacks("j");
    jacks.add("hocket:Mixer");
    jacks.map_input(0, {1, 4});
    CHECK(refusal(jacks) == "patch 'j': module 1 (hocket:Mixer) has no input jack 4; it has 4");

    audio::patch outs("j");
    outs.add("hocket:Mixer");
    outs.map_output({1, 1}, 0);
    CHECK(refusal(outs) == "patch 'j': module 1 (hocket:Mixer) has no output jack 1; it has 1");

    audio::patch knobs("k");
    knobs.add("hocket:Gain");
    knobs.set_knob(1, 3, 0);
    CHECK(refusal(knobs) == "patch 'k': module 1 (hocket:Gain) has no knob 3; it has 1");

    CHECK_THROWS_AS(r.engine.prepare(0, 64), std::invalid_argument);
    CHECK_THROWS_AS(r.engine.prepare(48000, 0), std::invalid_argument);
    CHECK_THROWS_AS(audio::runner_pool({.max_concurrent = 0}), std::invalid_argument);
}

TEST_CASE("the shipped modules compute what they say") {
    rig r;
    audio::patch p("modules");
    unsigned const osc = p.add<audio::oscillator>("osc", 12000.0);
    unsigned const amp = p.add("hocket:Gain"), mix = p.add("hocket:Mixer");
    p.map_output({osc, 0}, 0);
    p.map_input(0, {amp, 0});
    p.set_knob(amp, 0, 0.5f);
    p.map_output({amp, 0}, 1);
    p.map_input(0, {mix, 0});
    p.map_input(0, {mix, 3});
    p.set_knob(mix, 3, 0.25f);
    p.map_output({mix, 0}, 2);
    r.load(p);
    auto const out = process(r.engine, {1, 2, 3, 4, 5}, 3);
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(out[i] == doctest::Approx(std::array{0, 1, 0, -1, 0}[i]).epsilon(1e-6));
        CHECK(out[5 + i] == 0.5f * static_cast<float>(i + 1));
        CHECK(out[10 + i] == 1.25f * static_cast<float>(i + 1));
    }
    // One volt is an octave, the knob three decades.
    auto& o = r.engine.at<audio::oscillator>(osc);
    o.set_param(0, 0);
    CHECK(o.get_param(0) == doctest::Approx(0));
    CHECK_THROWS_AS(r.engine.at<audio::mixer>(osc), std::bad_cast);
}
