// Tool 4, getrusage: once warm, the audio side takes no page fault and gives up no processor.
//
// The kernel may take pages away from anybody at any time, so what is looked for is one clean run of several: code that
// faults or waits of its own does so in every one.
#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "async_support.hpp"
#include "every_module.hpp"

using namespace support;

namespace {

struct usage {
    long faults = 0;
    long waits = 0;  // switches that the thread itself asked for
};

usage now() {
    rusage u{};
    getrusage(RUSAGE_THREAD, &u);
    return {u.ru_minflt + u.ru_majflt, u.ru_nvcsw};
}

template <class F>
usage used_by(F const& f) {
    usage const before = now();
    f();
    usage const after = now();
    return {after.faults - before.faults, after.waits - before.waits};
}

// The least of each over 50 runs of f, after one that makes warm.
template <class F>
usage least_used_by(F const& f) {
    f();
    usage least = used_by(f);
    for (int i = 1; i < 50 && (least.faults != 0 || least.waits != 0); ++i) {
        usage const u = used_by(f);
        least = {std::min(least.faults, u.faults), std::min(least.waits, u.waits)};
    }
    return least;
}

}  // namespace

TEST_CASE("getrusage shows a fresh page, and a sleep") {
    usage const least = least_used_by([] {
        void* const page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        REQUIRE(page != MAP_FAILED);
        *static_cast<char volatile*>(page) = 1;
        munmap(page, 4096);
        // A thread that is preempted on its way to sleep is not counted as one that wanted to: several of each.
        for (int i = 0; i < 10; ++i) std::this_thread::sleep_for(20us);
    });
    CHECK(least.faults >= 1);
    CHECK(least.waits >= 1);
}

TEST_CASE("process takes no page fault and waits for nobody") {
    folder const dir;
    rig r;
    load_every_module(r, dir, audio::registered_modules());
    for (int i = 0; i < 500; ++i) play_block(r.engine);
    usage const least = least_used_by([&] {
        for (int i = 0; i < 100; ++i) play_block(r.engine);
    });
    CHECK(least.faults == 0);
    CHECK(least.waits == 0);
}

TEST_CASE("an AsyncThread's audio side takes no page fault and waits for nobody") {
    rig r;
    host& h = load_host(r);
    gate g;
    SUBCASE("running") {}
    SUBCASE("paused") { r.engine.pause(); }
    SUBCASE("the action stands still") {
        h.async.start([&g] { g.pass(); });
        CHECK(eventually([&] { return g.entered.load(); }));
    }
    usage const least = least_used_by([&] {
        for (int i = 0; i < 1000; ++i) {
            h.async.start([] {});
            h.async.run_once();
            static_cast<void>(h.async.is_enabled());
            h.async.stop();
        }
    });
    CHECK(least.faults == 0);
    CHECK(least.waits == 0);
    g.open = true;
    r.engine.unload();
}
