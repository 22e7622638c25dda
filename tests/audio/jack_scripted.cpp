// The JACK driver over a libjack that follows a script.
#include <doctest/doctest.h>

#include <algorithm>

#include "scripted_jack.hpp"
#include "support.hpp"

using namespace support;
using scripted::jack;

namespace {

// Output 0 is input 0; remembers what it was told, and by which thread.
class recorder final : public quiet {
public:
    void update() override { ++updates; }
    void set_input(int, float value) override { heard_ = value; }
    float get_output(int) const override { return heard_; }
    void set_samplerate(float rate) override {
        told_by.store(std::this_thread::get_id());
        sample_rate.store(rate);
    }
    unsigned updates = 0;
    std::atomic<float> sample_rate{0};
    std::atomic<std::thread::id> told_by{};

private:
    float heard_ = 0;
};

// An engine with a recorder from input 0 to output 0, and a fresh server.
struct rehearsal {
    rehearsal() {
        jack = {};
        audio::patch p("jack");
        unsigned const r = p.add<recorder>("recorder");
        p.map_input(0, {r, 0});
        p.map_output({r, 0}, 0);
        e.load(p);
    }
    recorder& r() { return e.at<recorder>(1); }
    audio::engine e{{.runners = make_pool()}};
};

bool all_are(std::vector<float> const& samples, float value) {
    return !samples.empty() && std::all_of(samples.begin(), samples.end(), [&](float x) { return x == value; });
}

}  // namespace

TEST_CASE("the engine works on JACK's buffers, in the callback, without a system call, an allocation or a lock") {
    rehearsal on;
    audio::jack_driver driver(on.e, {.client = "choir"});
    CHECK(jack.ports == std::vector<std::string>{"choir:input_1", "choir:output_1"});
    CHECK_FALSE(scripted::cycle(64));
    driver.start();
    REQUIRE(scripted::cycle(64));
    REQUIRE(scripted::cycle(48));
    CHECK(all_are(scripted::output(0, 48), 0.25f));
    CHECK(on.r().updates == 112);
    CHECK(driver.stats().blocks == 2);
    auto const sight = audio::rt_section::check(true);
    if (!sight.system_calls || !sight.allocations || !sight.locks)
        MESSAGE("not all checked: this build or machine cannot see all of what is forbidden");
    for (int i = 0; i < 10; ++i) {
        audio::rt_section const section;
        scripted::cycle(64);
    }
    CHECK(audio::rt_section::count() == 0);
    audio::rt_section::check(false);
    driver.stop();
    CHECK_FALSE(scripted::cycle(64));
    CHECK_FALSE(driver.stats().realtime);  // this thread's class
}

TEST_CASE("a cycle longer than the engine is prepared for is silent, and process() never sees it") {
    rehearsal on;
    audio::jack_driver driver(on.e);
    driver.start();
    REQUIRE(scripted::cycle(65));  // before anybody is told
    CHECK(all_are(scripted::output(0, 65), 0.0f));
    CHECK(on.r().updates == 0);
    CHECK(driver.stats().unready == 1);
    CHECK(driver.stats().blocks == 1);
    scripted::set_block(65);
    // Which cycle is the first to be heard is the follower's affair.
    CHECK(eventually([&] { return scripted::cycle(65) && all_are(scripted::output(0, 65), 0.25f); }));
    CHECK(on.r().updates % 65 == 0);
}

TEST_CASE("another sample rate is told to the modules, by no thread of JACK's; one that is none is refused") {
    rehearsal on;
    audio::jack_driver driver(on.e);
    driver.start();
    scripted::set_sample_rate(96000);
    CHECK(driver.sample_rate() == 96000);
    CHECK(eventually([&] { return on.r().sample_rate.load() == 96000.0f; }));
    CHECK(on.r().told_by.load() != std::this_thread::get_id());
    CHECK(eventually([&] { return scripted::cycle(64) && all_are(scripted::output(0, 64), 0.25f); }));
    scripted::set_sample_rate(2'000'000);
    std::this_thread::sleep_for(20ms);
    CHECK(on.r().sample_rate.load() == 96000.0f);
    scripted::set_sample_rate(88200);
    CHECK(eventually([&] { return on.r().sample_rate.load() == 88200.0f; }));
    CHECK(driver.running());
    // What changes while nobody is told is seen by start().
    driver.stop();
    scripted::set_sample_rate(44100);
    scripted::set_block(512);
    driver.start();
    CHECK(on.e.sample_rate() == 44100);
    REQUIRE(scripted::cycle(512));
    CHECK(all_are(scripted::output(0, 512), 0.25f));
}

TEST_CASE("late is a callback that ends a block after its cycle began, and a cycle without one") {
    rehearsal on;
    audio::jack_driver driver(on.e);
    driver.start();
    scripted::cycle(64);  // 1333 us long
    CHECK(driver.stats().late == 0);
    jack.since = 6;  // 125 us
    jack.work = 1208;
    scripted::cycle(64);
    CHECK(driver.stats().late == 0);
    CHECK(driver.stats().worst_ns == 1'333'000);
    jack.work = 1209;
    scripted::cycle(64);
    CHECK(driver.stats().late == 1);
    CHECK(driver.stats().worst_ns == 1'334'000);
    jack.since = 0;
    jack.work = 1;
    scripted::cycle(64);
    CHECK(driver.stats().late == 1);
    jack.at += 3 * 64;
    scripted::cycle(64);
    CHECK(driver.stats().late == 4);
    // When the server freewheels there is nothing to be late for, nor between two runs.
    scripted::freewheel(true);
    jack.work = 10'000;
    scripted::cycle(64);
    jack.at += 3 * 64;
    scripted::cycle(64);
    scripted::freewheel(false);
    driver.stop();
    jack.at += 3 * 64;
    driver.start();
    jack.work = 1;
    scripted::cycle(64);
    CHECK(driver.stats().late == 4);
    CHECK(driver.stats().worst_ns == 1'334'000);
    scripted::xrun();
    CHECK(driver.stats().xruns == 1);
    CHECK(on.e.stats().xruns == 1);
}

TEST_CASE("a server that ends gives its reason; its client is closed once, and not by the thread that told") {
    rehearsal on;
    {
        audio::jack_driver driver(on.e, {.server = "small"});
        driver.start();
        REQUIRE(scripted::cycle(64));
        CHECK(driver.failure().empty());
        scripted::die("it was old");
        CHECK(eventually([&] { return !driver.running(); }));
        CHECK(driver.failure() == "the JACK server 'small' has ended: it was old");
        CHECK(jack.closed == 1);
        CHECK_THROWS_WITH_AS(driver.start(), driver.failure().c_str(), std::runtime_error);
        driver.stop();
    }
    CHECK(jack.closed == 1);
    CHECK(render(on.e, 10).size() == 10);
}

TEST_CASE("every refusal has its sentence, and leaves nothing behind") {
    rehearsal on;
    auto const refused = [&](char const* sentence) {
        CHECK_THROWS_WITH_AS(audio::jack_driver(on.e, {.client = "choir", .server = "small"}), sentence,
                             std::runtime_error);
        CHECK(jack.opened == jack.closed);
        CHECK(jack.words.empty());
    };
    jack.running = false;
    refused("the JACK server 'small' is not running");
    CHECK_THROWS_WITH_AS(audio::jack_driver(on.e), "the default JACK server is not running", std::runtime_error);
    jack.running = true;
    jack.takes_clients = false;
    refused("the JACK server 'small' refuses the client 'choir': no");
    jack.takes_clients = true;
    jack.rooms = 1;
    refused("the JACK server 'small' has no room for the port 'output_1'");
    jack.rooms = 64;
    jack.sample_rate = 0;
    CHECK_THROWS_AS(audio::jack_driver(on.e), std::invalid_argument);
    CHECK(jack.opened == jack.closed);
    jack.sample_rate = 48000;

    audio::jack_driver driver(on.e, {.client = "choir", .server = "small"});
    jack.activates = false;
    CHECK_THROWS_WITH_AS(driver.start(), "the JACK server 'small' does not let the client 'choir' play",
                         std::runtime_error);
    CHECK_FALSE(driver.running());
    jack.activates = true;
    driver.start();
    CHECK(scripted::cycle(64));
}
