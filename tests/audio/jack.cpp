// The JACK driver, with a real server.
#include <doctest/doctest.h>

#include <pthread.h>

#include <optional>

#include "counting.hpp"
#include "jack_support.hpp"

using namespace support;

namespace {

audio::jack_options on(jack_server const& server, bool connect = false) {
    return {.server = server.name(), .connect = connect};
}

}  // namespace

TEST_CASE("a server's cycles are played, block by block, in the class that it gives") {
    REQUIRE(audio::jack_driver::available());
    jack_server server;
    audio::engine e({.runners = make_pool()});
    e.load(counting());
    watcher port;
    audio::jack_driver driver(e, on(server));
    CHECK(driver.client_name() == "hocket");
    CHECK(driver.sample_rate() == 48000);
    CHECK(driver.block() == 64);
    CHECK(e.sample_rate() == 48000);
    CHECK_FALSE(driver.running());
    driver.start(port);
    CHECK(driver.running());
    CHECK_THROWS_AS(driver.start(), std::logic_error);
    CHECK(eventually([&] { return driver.stats().blocks > 300; }));
    driver.stop();
    CHECK_FALSE(driver.running());
    auto const stats = driver.stats();
    CHECK(e.now() == stats.blocks * 64);
    CHECK(port.last.load() == static_cast<float>(e.now()));
    CHECK(port.breaks.load() == 0);
    CHECK(stats.unready == 0);
    CHECK(stats.worst_ns > 0);
    CHECK(stats.late <= stats.blocks);
    CHECK(driver.failure().empty());

    bare_jack other("other", server.name());
    int policy = 0;
    sched_param ignored{};
    REQUIRE(pthread_getschedparam(jack_client_thread_id(other.client()), &policy, &ignored) == 0);
    CHECK(stats.realtime == (policy == SCHED_FIFO));
    // It goes on where it ended.
    driver.start(port);
    CHECK(eventually([&] { return driver.stats().blocks > stats.blocks + 10; }));
    driver.stop();
    CHECK(port.breaks.load() == 0);
}

TEST_CASE("what the server's other clients hear and say is what the engine plays and gets, sample for sample") {
    jack_server server({.block = 256, .synchronous = true});
    audio::engine e({.runners = make_pool()});
    e.load(counting());
    watcher port;
    audio::jack_driver driver(e, on(server));
    driver.start(port);
    bare_jack sink("sink", server.name());
    {
        sink.connect("hocket:output_1", "sink:in");
        auto const heard = sink.freewheel(40000);
        CHECK(goes_on(heard));
        CHECK(port.last.load() >= heard.back());
        CHECK(port.breaks.load() == 0);
        REQUIRE(jack_disconnect(sink.client(), "hocket:output_1", "sink:in") == 0);
    }
    bare_jack source("source", server.name());
    source.connect("source:out", "hocket:input_1");
    sink.connect("hocket:output_2", "sink:in");
    CHECK(goes_on(sink.freewheel(40000)));
    CHECK(driver.running());
}

TEST_CASE("the physical ports are connected, one to one, when that is wanted") {
    jack_server server;
    audio::engine e({.runners = make_pool()});
    e.load(counting());
    bare_jack other("other", server.name());
    audio::jack_driver driver(e, on(server, true));
    for (int round = 0; round < 2; ++round) {
        driver.start();
        CHECK(other.connections("hocket:input_1") == "system:capture_1");
        CHECK(other.connections("hocket:output_1") == "system:playback_1");
        CHECK(other.connections("hocket:output_2") == "system:playback_2");
        driver.stop();
        CHECK(other.connections("hocket:output_1").empty());
    }
}

TEST_CASE("a new block of the server's is followed, up and down, running or not") {
    jack_server server;
    audio::engine e({.runners = make_pool()});
    e.load(counting());
    watcher port;
    audio::jack_driver driver(e, on(server));
    bare_jack other("other", server.name());
    driver.start(port);
    for (unsigned const block : {1024u, 32u, 128u}) {
        REQUIRE(jack_set_buffer_size(other.client(), block) == 0);
        CHECK(eventually([&] { return port.loud.load() == block; }));
        CHECK(driver.block() == block);
    }
    driver.stop();
    REQUIRE(jack_set_buffer_size(other.client(), 512) == 0);
    driver.start(port);
    CHECK(eventually([&] { return port.loud.load() == 512; }));
    CHECK(driver.block() == 512);
    CHECK(port.breaks.load() == 0);
}

TEST_CASE("while an action holds the engine up, blocks that are too long for it are silent, and JACK goes on") {
    struct stubborn final : quiet {
        stubborn() { thread.start(); }
        std::atomic<bool> began{false}, may_end{false};
        audio::async_thread thread{this, [this] {
                                       began = true;
                                       eventually([&] { return may_end.load(); });
                                   }};
    };
    jack_server server;
    auto patch = counting();
    unsigned const number = patch.add<stubborn>("stubborn");
    audio::engine e({.runners = make_pool()});
    e.load(patch);
    auto& action = e.at<stubborn>(number);
    watcher port;
    audio::jack_driver driver(e, on(server));
    bare_jack other("other", server.name());
    driver.start(port);
    REQUIRE(eventually([&] { return action.began.load() && port.loud.load() == 64; }));
    REQUIRE(jack_set_buffer_size(other.client(), 1024) == 0);
    CHECK(eventually([&] { return driver.stats().unready > 5; }));
    CHECK(port.loud.load() == 64);
    CHECK(driver.running());
    action.may_end = true;
    CHECK(eventually([&] { return port.loud.load() == 1024; }));
    CHECK(port.breaks.load() == 0);
}

TEST_CASE("two drivers on one server have names of their own, and play side by side") {
    jack_server server;
    audio::engine first({.runners = make_pool()}), second({.runners = make_pool()});
    first.load(counting());
    second.load(counting());
    watcher heard_a, heard_b;
    audio::jack_driver a(first, on(server));
    audio::jack_driver b(second, on(server));
    CHECK(a.client_name() == "hocket");
    CHECK(b.client_name() != "hocket");
    a.start(heard_a);
    b.start(heard_b);
    CHECK(eventually([&] { return a.stats().blocks > 50 && b.stats().blocks > 50; }));
    a.stop();
    auto const before = b.stats().blocks;
    CHECK(eventually([&] { return b.stats().blocks > before + 50; }));
    CHECK(heard_a.breaks.load() == 0);
    CHECK(heard_b.breaks.load() == 0);
}

TEST_CASE("a server that is killed is told of; the engine plays on with another") {
    audio::engine e({.runners = make_pool()}), second({.runners = make_pool()});
    e.load(counting());
    second.load(counting());
    std::optional<jack_server> server(std::in_place);
    watcher port;
    std::optional<audio::jack_driver> driver(std::in_place, e, on(*server));
    audio::jack_driver beside(second, on(*server));
    driver->start(port);
    beside.start();
    REQUIRE(eventually([&] { return port.loud.load() == 64 && beside.stats().blocks > 0; }));
    server->kill();
    CHECK(eventually([&] { return !driver->running() && !beside.running(); }));
    std::string const sentence = "the JACK server '" + server->name() + "' has ended";
    CHECK(driver->failure().starts_with(sentence));
    CHECK(beside.failure().starts_with(sentence));
    CHECK_THROWS_WITH(driver->start(), driver->failure().c_str());
    driver->stop();
    driver.reset();

    // While one of the dead is still there.
    server.emplace();
    driver.emplace(e, on(*server));
    driver->start(port);
    auto const before = e.now();
    CHECK(eventually([&] { return e.now() > before + 640; }));
    CHECK(driver->failure().empty());
    CHECK_FALSE(beside.running());
    driver->stop();
    CHECK(port.breaks.load() == 0);

    // An engine that has lost its server is any engine.
    driver.reset();
    CHECK(render(e, 100).size() == 200);
}

TEST_CASE("stopped, destroyed and replaced at the moment when the server dies") {
    audio::engine e({.runners = make_pool()});
    e.load(counting());
    for (int round = 0; round < 6; ++round) {
        jack_server server;
        std::optional<audio::jack_driver> driver(std::in_place, e, on(server));
        if (round % 2 == 0) driver->start();
        if (round % 2 == 0) CHECK(eventually([&] { return driver->stats().blocks > 3; }));
        server.kill();
        if (round % 3 == 0) driver->stop();
        if (round % 3 == 1) CHECK_THROWS_AS(audio::jack_driver(e, on(server)), std::runtime_error);
        driver.reset();
    }
}

TEST_CASE("late callbacks and the server's xruns are counted; a driver is destroyed in the midst of a block") {
    jack_server server;
    audio::engine e({.runners = make_pool()});
    e.load(counting(3ms));  // per block of 1.33 ms
    for (int round = 0; round < 30; ++round) {
        audio::jack_driver driver(e, on(server));
        driver.start();
        CHECK(eventually([&] { return driver.stats().late > 2; }));
        if (round % 3 == 0) CHECK(eventually([&] { return driver.stats().xruns > 0; }));
        if (round % 3 == 1) driver.stop();
        CHECK(driver.stats().worst_ns >= 3'000'000);
    }
}

TEST_CASE("without a server, and with nonsense, one sentence") {
    audio::engine e({.runners = make_pool()});
    e.load(counting());
    CHECK_THROWS_WITH_AS(audio::jack_driver(e, {.server = "hocket-no-such-server"}),
                         "the JACK server 'hocket-no-such-server' is not running", std::runtime_error);
    CHECK_THROWS_AS(audio::jack_driver(e, {.client = ""}), std::invalid_argument);
    CHECK_THROWS_AS(audio::jack_driver(e, {.client = std::string(1000, 'x')}), std::invalid_argument);
    CHECK(render(e, 10).size() == 20);
}
