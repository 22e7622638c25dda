// The audio side enters no kernel and allocates nothing: seen by tools that are first seen to work.
#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <memory>

#include "guard.hpp"
#include "support.hpp"

using namespace support;
using audio::async_thread;
using audio::jack;

namespace {

struct host : quiet {
    async_thread async{this};
};

bool can_watch() {
    if (guard::available()) return true;
    MESSAGE("not checked: this build or machine cannot count system calls and allocations");
    return false;
}

void check_clean(guard::counts const& c) {
    CHECK(c.system_calls == 0);
    CHECK(c.allocations == 0);
}

}  // namespace

TEST_CASE("the guard sees an injected system call, an allocation, and nothing where nothing is") {
    if (!can_watch()) return;
    check_clean(guard::watch([] {}));
    CHECK(guard::watch([] { static_cast<void>(::getppid()); }).system_calls == 1);
    CHECK(guard::watch([] { std::this_thread::yield(); }).system_calls == 1);
    int* volatile leaked = nullptr;
    CHECK(guard::watch([&] { leaked = new int(1); }).allocations == 1);
    delete leaked;
}

TEST_CASE("start, stop, run_once, is_enabled enter no kernel and allocate nothing, whatever the runner does") {
    if (!can_watch()) return;
    rig r;
    audio::patch p("host");
    p.add<host>("host");
    r.load(p);
    auto& h = r.engine.at<host>(1);
    std::atomic<long> calls{0};
    auto const use = [&] {
        for (int i = 0; i < 100; ++i) {
            h.async.run_once();
            h.async.start([&calls] { ++calls; });
            h.async.start();
            if (h.async.is_enabled()) h.async.stop();
            h.async.run_once();
            static_cast<void>(h.async.calls() + h.async.failures());
            static_cast<void>(h.async.attach(h.id));
        }
    };
    SUBCASE("running") {
        for (int i = 0; i < 100; ++i) {
            check_clean(guard::watch(use));
            std::this_thread::sleep_for(100us);
        }
        CHECK(eventually([&] { return calls > 0; }));
    }
    SUBCASE("paused, the runner asleep") {
        r.engine.pause();
        std::this_thread::sleep_for(5ms);
        check_clean(guard::watch(use));
    }
    SUBCASE("the action stands still") {
        std::atomic<bool> inside{false}, open{false};
        h.async.start([&] {
            inside = true;
            while (!open) std::this_thread::sleep_for(100us);
        });
        CHECK(eventually([&] { return inside.load(); }));
        check_clean(guard::watch(use));
        open = true;
    }
    r.engine.unload();
}

TEST_CASE("process enters no kernel and allocates nothing") {
    if (!can_watch()) return;
    folder dir;
    auto const samples = noise(100'000);
    write_wav(dir / "a.wav", samples, {});
    audio::patch p("process");
    unsigned const player = p.add<audio::wav_player>("player", dir / "a.wav"), osc = p.add("hocket:Oscillator"),
                   mix = p.add("hocket:Mixer"), amp = p.add("hocket:Gain");
    p.connect({player, 0}, {mix, 0});
    p.connect({osc, 0}, {mix, 1});
    p.connect({mix, 0}, {amp, 0});
    p.map_input(0, {amp, 1});
    p.map_output({amp, 0}, 0);
    rig r;
    r.load(p);
    auto const& w = r.engine.at<audio::wav_player>(player);
    CHECK(eventually([&] { return w.ready(); }));
    std::array<float, 64> in{}, out{};
    float const* const in_row = in.data();
    float* const out_row = out.data();
    // Beyond what the ring holds: reading goes on meanwhile.
    CHECK(eventually([&] {
        check_clean(guard::watch([&] { r.engine.process({&in_row, 1}, {&out_row, 1}, 64); }));
        return w.played() > 2 * audio::wav_player::default_buffer;
    }));
    r.engine.pause();
    check_clean(guard::watch([&] { r.engine.process({&in_row, 1}, {&out_row, 1}, 64); }));
}

TEST_CASE("no module enters the kernel or allocates, while its action loads, saves, records, transforms") {
    if (!can_watch()) return;
    folder dir;
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
        check_clean(guard::watch([&] {
            l.set_param(4, blocks % 7 == 0 ? 1.f : 0.f);
            l.set_param(5, blocks % 5 == 0 ? 1.f : 0.f);
            r.engine.process({&in_row, 1}, rows, 64);
        }));
        if (blocks % 10 == 0) c.load(dir / "a.wav");
        return l.loads() > 5 && l.saves() > 5 && d.files() > 5 && a.windows() > 20 && c.frames() != 0 && blocks > 300;
    }));
    CHECK(l.failure() == "");
    CHECK(d.failure() == "");
    CHECK(c.failure() == "");
}
