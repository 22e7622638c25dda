// rt_section itself: when it watches, what it tells, and that it lets go. What it sees: realtime_*.cpp.
#include <hocket/audio/rt_section.hpp>
#include <optional>
#include <thread>

#include "support.hpp"
#include "watched.hpp"

using namespace support;
using audio::rt_section;

namespace {

// Each a place of its own, which is not left before it is told.
__attribute__((noinline)) void note_a() {
    rt_section::note("a");
    asm volatile("");
}

__attribute__((noinline)) void note_b() {
    rt_section::note("b");
    asm volatile("");
}

}  // namespace

TEST_CASE("what is noted counts in checked sections only") {
    rt_section::check(false);
    CHECK(!rt_section::checking());
    rt_section::note("outside");
    {
        rt_section const section;
        rt_section::note("unchecked");
    }
    CHECK(rt_section::count() == 0);
    {
        checking const on;
        CHECK(rt_section::checking());
        rt_section::note("outside");
        CHECK(rt_section::count() == 0);
        {
            rt_section const section;
            rt_section::note("inside");
        }
        CHECK(rt_section::count() == 1);
        rt_section::note("after");
        CHECK(rt_section::count() == 1);
    }
    CHECK(!rt_section::checking());
    CHECK(rt_section::count() == 0);
    CHECK(rt_section::violations().empty());
}

TEST_CASE("a section begun before checking is not checked; one begun before its end is, to its end") {
    rt_section::check(false);
    {
        rt_section const section;
        rt_section::check(true);
        rt_section::note("early");
        CHECK(rt_section::count() == 0);
    }
    std::optional<rt_section> section(std::in_place);
    rt_section::check(false);
    rt_section::note("late");
    CHECK(rt_section::count() == 1);
    section.reset();
    rt_section::note("after");
    CHECK(rt_section::count() == 1);
    rt_section::clear();
}

TEST_CASE("nested sections are one") {
    checking const on;
    rt_section const outer;
    {
        rt_section const inner;
        note_a();
    }
    note_b();
    CHECK(rt_section::count() == 2);
}

TEST_CASE("each place is told once, with its count and where it is") {
    checking const on;
    int volatile three = 3, two = 2;  // else the compiler makes several places of one
    auto const found = watched([&] {
        for (int i = 0; i < three; ++i) note_a();
        for (int i = 0; i < two; ++i) note_b();
    });
    REQUIRE(found.size() == 2);
    CHECK(found[0].what == "a");
    CHECK(found[0].count == 3);
    CHECK(found[1].what == "b");
    CHECK(found[1].count == 2);
    for (auto const& v : found) {
        REQUIRE(v.backtrace.size() >= 2);
        for (std::string const& frame : v.backtrace) CHECK(frame.find(" + 0x") != std::string::npos);
    }
    CHECK(found[0].backtrace[0] != found[1].backtrace[0]);
    CHECK(rt_section::count() == 5);
}

TEST_CASE("clear() forgets, and places that come again are told again") {
    checking const on;
    CHECK(watched(note_a).size() == 1);
    rt_section::clear();
    CHECK(rt_section::count() == 0);
    CHECK(rt_section::violations().empty());
    CHECK(watched(note_a).size() == 1);
}

TEST_CASE("a backtrace names the functions that libraries export") {
    checking const on;
    struct noting : quiet {
        void update() override { rt_section::note("from update"); }
    };
    audio::patch p("noting");
    p.add<noting>("noting");
    rig r;
    r.load(p);
    rt_section::clear();
    r.engine.process({}, {}, 2);
    auto const found = rt_section::violations();
    REQUIRE(found.size() == 1);
    CHECK(found[0].what == "from update");
    CHECK(found[0].count == 2);
    bool named = false;
    for (std::string const& frame : found[0].backtrace)
        named = named || (frame.find("hocket::v0::audio::engine::") != std::string::npos &&
                          frame.find("process(") != std::string::npos &&
                          frame.find(" (libhocket-audio.so") != std::string::npos);
    CHECK_MESSAGE(named, told());
}

TEST_CASE("threads are told apart; what they find at one place adds up") {
    checking const on;
    std::atomic<int> turn{0};
    std::thread other([&] {
        while (turn == 0) {
        }
        note_a();
        turn = 2;
    });
    {
        rt_section const section;
        turn = 1;
        while (turn == 1) {
        }
    }
    other.join();
    CHECK(rt_section::count() == 0);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([] {
            for (int i = 0; i < 1000; ++i) {
                rt_section const mine;
                note_b();
            }
        });
    for (auto& t : threads) t.join();
    auto const found = rt_section::violations();
    REQUIRE(found.size() == 1);
    CHECK(found[0].count == 4000);
}

TEST_CASE("threads come and go while sections are checked and not") {
    for (int i = 0; i < 20; ++i) {
        checking const on;
        std::thread([] {
            rt_section const section;
            note_a();
        }).join();
        CHECK(rt_section::count() == 1);
    }
}

TEST_CASE("a section that goes on on another thread is a violation") {
    checking const on;
    std::optional<rt_section> section;
    // As a fiber would, which suspended on a thread that has ended since. That end is seen too.
    std::thread([&] { section.emplace(); }).join();
    section.reset();
    CHECK_MESSAGE(told().find("1 x a suspension") != std::string::npos, told());
    rt_section::clear();
    rt_section::note("outside");
    CHECK(rt_section::count() == 0);
}

namespace {

template <int N>
__attribute__((noinline)) void note_from() {
    if constexpr (N != 0) note_from<N - 1>();
    rt_section::note("one of many");
}

}  // namespace

TEST_CASE("more places than are kept: the rest is counted") {
    checking const on;
    auto const found = watched(note_from<299>);
    std::uint64_t sum = 0;
    for (auto const& v : found) sum += v.count;
    CHECK(sum == 300);
    CHECK(rt_section::count() == 300);
    CHECK(found.back().what.starts_with("at further places"));
    CHECK(found.back().count >= 300 - 256);
}
