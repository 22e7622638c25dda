// Modules written against MetaModule's headers, in both generations of AsyncThread: they compile and they run.
#include <doctest/doctest.h>

#include <array>
#include <chrono>

#include "CoreModules/CoreProcessor.hh"
#include "CoreModules/async_thread.hh"
#include "support.hpp"
#include "threads/async_thread.hh"

using namespace support;
using MetaModule::AsyncThread;

namespace {

// What every CoreProcessor must have.
struct Plain : CoreProcessor {
    void update() override {}
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }
};

// First use: the action is given where the AsyncThread is declared, and the constructor starts it with `id`.
struct StartsInConstructor : Plain {
    int params = 3;
    std::atomic<int> done{0};

    AsyncThread async{[this]() { do_something(params); }};

    StartsInConstructor() { async.start(id); }

    void do_something(int p) { done += p; }
};

// Second use: the action is called at its own irregular times and keeps a period of its own by looking at the clock.
struct KeepsItsOwnPeriod : Plain {
    static constexpr long long period_ms = 20;
    float output1 = 0.5f;
    std::atomic<int> printed{0};
    std::atomic<int> looked{0};
    long long last_tm = 0;

    AsyncThread async{[this]() {
        ++looked;
        auto now = std::chrono::steady_clock::now().time_since_epoch().count() / 1'000'000LL;

        if (now - last_tm > period_ms) {
            last_tm = now;
            ++printed;
        }
    }};

    KeepsItsOwnPeriod() { async.start(id); }
};

// Third use: flags pass a buffer to and fro between the audio thread and the action.
struct HandsOverABuffer : Plain {
    std::array<float, 32> buffer{};
    std::size_t left = 0;
    int next_number = 0;
    float out = 0;
    std::atomic<bool> need_more_data{false};
    std::atomic<bool> data_ready{false};

    AsyncThread async{[this]() {
        if (need_more_data) {
            need_more_data = false;
            for (float& x : buffer) x = static_cast<float>(++next_number);
            data_ready = true;
        }
    }};

    bool reading = false;

    HandsOverABuffer() { async.start(id); }

    void update() override {
        out = 0;
        if (left == 0 && !reading) {
            need_more_data = true;
            reading = true;
        }
        if (data_ready) {
            data_ready = false;
            reading = false;
            left = buffer.size();
        }
        if (left > 0) out = buffer[buffer.size() - left--];
    }
    float get_output(int) const override { return out; }
};

template <class M>
M& load(rig& r, audio::patch& p) {
    p.add<M>("module");
    r.load(p);
    return r.engine.at<M>(1);
}

}  // namespace

TEST_CASE("an AsyncThread started with the id in the constructor runs") {
    rig r;
    audio::patch p("first use");
    auto& m = load<StartsInConstructor>(r, p);
    CHECK(eventually([&] { return m.done >= 30; }));
}

TEST_CASE("an action that keeps a period of its own") {
    rig r;
    audio::patch p("second use");
    auto& m = load<KeepsItsOwnPeriod>(r, p);
    auto const begin = std::chrono::steady_clock::now();
    CHECK(eventually([&] { return m.printed >= 5; }));
    CHECK(std::chrono::steady_clock::now() - begin >= 4 * 20ms);
    CHECK(m.looked > m.printed);
}

TEST_CASE("a buffer handed over by flags arrives whole and in order") {
    rig r;
    audio::patch p("third use");
    p.map_output({p.add<HandsOverABuffer>("module"), 0}, 0);
    SUBCASE("in real time") {
        r.load(p);
        std::vector<float> heard;
        CHECK(eventually([&] {
            std::array<float, 64> block{};
            float* row = block.data();
            r.engine.process({}, {&row, 1}, 64);
            for (float const x : block)
                if (x != 0) heard.push_back(x);
            return heard.size() >= 320;
        }));
        for (std::size_t i = 0; i < heard.size(); ++i) CHECK(heard[i] == static_cast<float>(i + 1));
    }
    SUBCASE("in audio time, at the same samples every time") {
        r.engine.load(p);
        auto const heard = render(r.engine, 4800);
        CHECK(heard[0] == 0);   // asked for at the first update, answered at the second tick
        CHECK(heard[23] == 0);
        CHECK(heard[24] == 1);
        CHECK(heard[55] == 32);
        CHECK(heard[56] == 0);  // asked for again; the next tick lies before sample 72
        CHECK(heard[72] == 33);
        r.engine.load(p);
        CHECK(render(r.engine, 4800, {.block = 17}) == heard);
    }
}

TEST_CASE("the first generation: action and id in start, in either order") {
    static std::atomic<int> a, b, c;
    a = b = c = 0;
    struct First : Plain {
        AsyncThread one, two, three;
        First() {
            one.start(id, [] { ++a; });
            two.start([] { ++b; }, id);
            three.start(id, [] { ++c; });
            three.stop();
            three.run_once(id);
        }
    };
    rig r;
    audio::patch p("first generation");
    load<First>(r, p);
    CHECK(eventually([] { return a >= 3 && b >= 3; }));
    CHECK(c == 1);
}

TEST_CASE("the second generation: the module's address, start, stop, run_once, is_enabled") {
    static std::atomic<int> a, b;
    a = b = 0;
    struct Second : Plain {
        AsyncThread one{this, [] { ++a; }};
        AsyncThread two{this};
        Second() {
            one.start();
            two.start([] { ++b; });
        }
    };
    rig r;
    audio::patch p("second generation");
    auto& m = load<Second>(r, p);
    CHECK(eventually([] { return a >= 3 && b >= 3; }));
    CHECK(m.one.is_enabled());
    m.one.stop();
    m.one.native().quiesce();
    CHECK_FALSE(m.one.is_enabled());
    int const now = a;
    m.one.run_once();
    CHECK(eventually([&] { return a == now + 1; }));
    CHECK(eventually([&] { return !m.one.is_enabled(); }));
}

TEST_CASE("an AsyncThread of a part of a module belongs to the module") {
    static std::atomic<int> calls;
    calls = 0;
    struct Part {
        AsyncThread async{[] { ++calls; }};
        explicit Part(unsigned id) { async.start(id); }
    };
    struct Inner : Plain {
        AsyncThread async{[] { ++calls; }};
        Inner() { async.start(id); }
    };
    struct Whole : Plain {
        Part part{id};
        Inner inner;
    };
    rig r;
    audio::patch p("parts");
    auto& m = load<Whole>(r, p);
    CHECK(m.inner.id == m.id);
    CHECK(eventually([] { return calls >= 6; }));
    CHECK(r.engine.stats().async_threads.size() == 2);
}

TEST_CASE("CoreProcessor says what it says elsewhere") {
    CHECK(CoreProcessor::CvRangeVolts == 5.0f);
    CHECK(CoreProcessor::MaxOutputVolts == 8.0f);
    MetaModule::Callback callback = [] {};
    CHECK(static_cast<bool>(callback));
}
