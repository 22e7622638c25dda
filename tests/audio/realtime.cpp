// The audio side makes no system call, allocates nothing and takes no lock: seen by tools that are first seen to work
// (realtime_system_calls.cpp, realtime_hooks.cpp).
#include <doctest/doctest.h>
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <thread>

#include "async_support.hpp"
#include "every_module.hpp"
#include "watched.hpp"

using namespace support;
using audio::jack;
using audio::rt_section;

namespace {

// Everything that an AsyncThread lets the audio thread do, a hundred times.
void use(host& h, std::atomic<long>& calls) {
    for (int i = 0; i < 100; ++i) {
        h.async.run_once();
        h.async.start([&calls] { ++calls; });
        h.async.start();
        if (h.async.is_enabled()) h.async.stop();
        h.async.run_once();
        static_cast<void>(h.async.calls() + h.async.failures());
        static_cast<void>(h.async.attach(h.id));
    }
}

}  // namespace

TEST_CASE("start, stop, run_once, is_enabled are clean, whatever the runner does") {
    checking const on;
    log_capture const log;  // to the end of the last action that throws
    rig r;
    host& h = load_host(r);
    std::atomic<long> calls{0};
    SUBCASE("running") {
        for (int i = 0; i < 100; ++i) {
            check_clean([&] { use(h, calls); });
            std::this_thread::sleep_for(100us);
        }
        CHECK(eventually([&] { return calls > 0; }));
    }
    SUBCASE("paused, the runner asleep") {
        r.engine.pause();
        std::this_thread::sleep_for(5ms);
        check_clean([&] { use(h, calls); });
    }
    SUBCASE("the action stands still") {
        gate g;
        h.async.start([&g] { g.pass(); });
        CHECK(eventually([&] { return g.entered.load(); }));
        check_clean([&] { use(h, calls); });
        g.open = true;
    }
    SUBCASE("the action is suspended") {
        std::atomic<bool> inside{false}, open{false};
        h.async.start([&] {
            inside = true;
            while (!open) hocket::this_fiber::sleep_for(100us);
        });
        CHECK(eventually([&] { return inside.load(); }));
        check_clean([&] { use(h, calls); });
        open = true;
    }
    SUBCASE("the action throws") {
        h.async.start([] { throw 1; });
        CHECK(eventually([&] { return h.async.failures() > 1; }));
        check_clean([&] { use(h, calls); });
    }
    r.engine.unload();
}

TEST_CASE("an AsyncThread that belongs to nobody is as clean") {
    checking const on;
    audio::async_thread alone;
    check_clean([&] {
        for (int i = 0; i < 100; ++i) {
            alone.start([] {});
            alone.run_once();
            static_cast<void>(alone.is_enabled());
            alone.stop();
        }
    });
}

TEST_CASE("process is clean for every registered module, and so are the module's own functions") {
    checking const on;
    folder const dir;
    for (std::string const& slug : audio::registered_modules()) {
        CAPTURE(slug);
        rig r;
        unsigned const number = load_every_module(r, dir, {slug});
        audio::module& m = r.engine.at(number);
        audio::module_shape const shape = m.shape();
        long const blocks = 300;
        for (long b = 0; b < blocks; ++b) check_clean([&] { play_block(r.engine); });
        // Beside the engine, whose graph this thread alone runs.
        check_clean([&] {
            for (int jack = 0; jack < shape.inputs; ++jack) m.set_input(jack, 0.25f);
            for (int param = 0; param < shape.params; ++param) {
                m.set_param(param, 0.75f);
                static_cast<void>(m.get_param(param));
            }
            for (int jack = 0; jack < shape.outputs; ++jack) static_cast<void>(m.get_output(jack));
            m.mark_all_inputs_unpatched();
            m.mark_all_outputs_unpatched();
            for (int jack = 0; jack < shape.inputs; ++jack) {
                m.mark_input_patched(jack);
                m.mark_input_unpatched(jack);
            }
            for (int jack = 0; jack < shape.outputs; ++jack) {
                m.mark_output_patched(jack);
                m.mark_output_unpatched(jack);
            }
        });
        r.engine.unload();
    }
}

TEST_CASE("process is clean for a patch of all modules while their AsyncThreads work") {
    checking const on;
    folder const dir;
    rig r;
    load_every_module(r, dir, audio::registered_modules());
    for (int b = 0; b < 2000; ++b) check_clean([&] { play_block(r.engine); });
    auto const before = r.engine.stats();
    CHECK(before.blocks == 2000);
    r.engine.pause();
    check_clean([&] { play_block(r.engine); });
    r.engine.resume();
    check_clean([&] { play_block(r.engine); });
    r.engine.unload();
    check_clean([&] { play_block(r.engine); });
}

TEST_CASE("a WAV is streamed without a call: before it is there, beyond what the ring holds, after its end") {
    checking const on;
    folder const dir;
    write_wav(dir / "a.wav", noise(100'000), {});
    audio::patch p("wav");
    unsigned const player = p.add<audio::wav_player>("player", dir / "a.wav");
    p.map_output({player, 0}, 0);
    rig r;
    r.engine.load(p);
    auto const& w = r.engine.at<audio::wav_player>(player);
    r.engine.prepare(48000, 64);
    CHECK(eventually([&] {
        check_clean([&] { play_block(r.engine); });
        return w.finished();
    }));
    CHECK(w.played() == 100'000);
    CHECK(w.played() > 2 * audio::wav_player::default_buffer);
    check_clean([&] { play_block(r.engine); });
}

TEST_CASE("process is clean while control pauses, resumes, unloads and loads beside it") {
    checking const on;
    folder const dir;
    rig r;
    load_every_module(r, dir, audio::registered_modules());
    std::atomic<bool> done{false};
    std::thread control([&] {
        for (int i = 0; i < 20; ++i) {
            r.engine.pause();
            r.engine.resume();
            static_cast<void>(r.engine.stats());
            load_every_module(r, dir, audio::registered_modules());
        }
        done = true;
    });
    // Any number of panel channels is allowed: the patch may change between two blocks.
    while (!done) check_clean([&] { play_block(r.engine); });
    control.join();
}

namespace {

// Starts and stops its AsyncThread in update(), as modules do.
struct busy : quiet {
    void update() override {
        ++samples;
        if (samples % 640 == 1) async.start([this] { ++calls; });
        if (samples % 64 == 0) async.run_once();
        if (samples % 640 == 320) async.stop();
    }
    long samples = 0;
    std::atomic<long> calls{0};
    audio::async_thread async{this};
};

// Breaks the rules once, when told.
struct breaking : quiet {
    void update() override {
        if (auto const what = next.exchange(nullptr)) what();
    }
    std::atomic<void (*)()> next{nullptr};
};

int* volatile leaked = nullptr;
std::mutex somebody;

}  // namespace

TEST_CASE("a module that works its AsyncThread in update() is clean") {
    checking const on;
    audio::patch p("busy");
    p.add<busy>("busy");
    rig r;
    r.load(p);
    auto& b = r.engine.at<busy>(1);
    CHECK(eventually([&] {
        check_clean([&] { r.engine.process({}, {}, 64); });
        return b.calls > 10;
    }));
    r.engine.unload();
}

TEST_CASE("process() opens a section: what a module does wrong in it is told, and the block is played") {
    checking const on;
    audio::patch p("breaking");
    p.add<breaking>("breaking");
    rig r;
    r.load(p);
    auto& b = r.engine.at<breaking>(1);
    auto const told_of = [&](void (*wrong)()) {
        rt_section::clear();
        std::uint64_t const frames = r.engine.now();
        b.next = wrong;
        r.engine.process({}, {}, 64);
        CHECK(r.engine.now() == frames + 64);
        std::string const text = told();
        r.engine.process({}, {}, 64);
        CHECK(told() == text);  // nothing new
        return text;
    };
    CHECK(told_of([] {}).empty());
    CHECK(told_of([] { static_cast<void>(::getppid()); }).find("(getppid)") != std::string::npos);
    CHECK(told_of([] { leaked = new int(1); }).find("1 x malloc") != std::string::npos);
    CHECK(told_of([] { delete leaked; }).find("1 x free") != std::string::npos);
    CHECK(told_of([] { std::lock_guard const held(somebody); }).find("1 x pthread_mutex_lock") != std::string::npos);
    r.engine.unload();
}

TEST_CASE("the drivers' audio threads are clean, the ports' part included") {
    checking const on;
    folder const dir;
    rig r;
    load_every_module(r, dir, audio::registered_modules());
    SUBCASE("timer") {
        struct : audio::port {
            void play(std::span<float const* const>, unsigned) noexcept override {
                ++blocks;
                if (blocks == wrong) static_cast<void>(::getppid());
            }
            long blocks = 0;
            long wrong = -1;
        } port;
        audio::timer_driver driver(r.engine, {.sample_rate = 48000, .block = 64});
        driver.start(port, 64 * 200);
        driver.wait();
        CHECK(port.blocks == 200);
        CHECK_MESSAGE(rt_section::count() == 0, told());
        port.wrong = 300;
        driver.start(port, 64 * 200);
        driver.wait();
        CHECK(told().find("1 x system call") != std::string::npos);
    }
    SUBCASE("freewheel, whose thread is no audio thread between the blocks") {
        capture port;
        audio::freewheel_driver driver(r.engine, {});
        driver.render(48000, port);
        CHECK(port.samples.size() >= 48000);
        CHECK_MESSAGE(rt_section::count() == 0, told());
    }
}

TEST_CASE("no module enters the kernel or allocates, while its action loads, saves, records, transforms") {
    checking const on;
    folder const dir;
    auto const samples = noise(30'000);
    write_wav(dir / "a.wav", samples, {});
    audio::patch p("modules");
    unsigned const noise = p.add("hocket:Noise"), rec = p.add("hocket:Recorder"),
                   loop = p.add<audio::looper>("loop", 1.0), room = p.add("hocket:Convolver"), ear = p.add("hocket:Analyser"), osc = p.add("hocket:Oscillator");
    for (jack const to : {jack{rec, 0}, jack{loop, 0}, jack{room, 0}, jack{ear, 0}}) p.connect({noise, 0}, to);
    p.connect({ear, 0}, {osc, 0});
    p.map_input(0, {rec, 8});
    p.map_input(0, {loop, 2});
    int out = 0;
    for (jack const from : {jack{rec, 0}, jack{loop, 0}, jack{room, 0}, jack{osc, 0}}) p.map_output(from, out++);
    p.set_state(rec, dir / "take.wav");
    p.set_state(loop, dir / "a.wav");
    p.set_state(room, dir / "a.wav");
    p.set_knob(loop, 2, 1);
    rig r;
    r.load(p);
    auto& l = r.engine.at<audio::looper>(loop);
    auto& c = r.engine.at<audio::convolver>(room);
    auto const& a = r.engine.at<audio::analyser>(ear);
    auto const& d = r.engine.at<audio::recorder>(rec);
    std::array<float, 64> in{};
    std::array<std::array<float, 64>, 4> outs{};
    std::array<float*, 4> rows;
    std::transform(outs.begin(), outs.end(), rows.begin(), [](auto& row) { return row.data(); });
    float const* const in_row = in.data();
    unsigned blocks = 0;
    CHECK(eventually([&] {
        in.fill(blocks++ % 50 < 20 ? 1.f : 0.f);  // takes and loops of 20 blocks
        check_clean([&] {
            l.set_param(4, blocks % 7 == 0 ? 1.f : 0.f);
            l.set_param(5, blocks % 5 == 0 ? 1.f : 0.f);
            r.engine.process({&in_row, 1}, rows, 64);
        });
        if (blocks % 10 == 0) c.load(dir / "a.wav");
        return l.loads() > 5 && l.saves() > 5 && d.files() > 5 && a.windows() > 20 && c.frames() != 0 && blocks > 300;
    }));
    CHECK(l.failure() == "");
    CHECK(d.failure() == "");
    CHECK(c.failure() == "");
}

namespace {

// Never leaves the hooks for long; nothing here has a handler that a cancellation could meet.
void* post_for_ever(void* s) {
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
    for (;;) sem_post(static_cast<sem_t*>(s));
}

}  // namespace

// As libjack's process thread is, when its server dies.
TEST_CASE("a thread may be cancelled in a hooked call") {
    sem_t s;
    REQUIRE(sem_init(&s, 0, 0) == 0);
    for (int i = 0; i < 200; ++i) {
        pthread_t thread;
        REQUIRE(pthread_create(&thread, nullptr, post_for_ever, &s) == 0);
        std::this_thread::sleep_for(std::chrono::microseconds(50 + i));
        pthread_cancel(thread);
        void* result = nullptr;
        CHECK(pthread_join(thread, &result) == 0);
        CHECK(result == PTHREAD_CANCELED);
    }
    sem_destroy(&s);
}
