// The PortAudio driver, over PortAudio's JACK and a real server.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <optional>

#include "counting.hpp"
#include "jack_support.hpp"

using namespace support;

namespace {

// A server that PortAudio finds.
struct found_server {
    explicit found_server(jack_server_options const& options = {}) : server(options) {
        setenv("JACK_DEFAULT_SERVER", server.name().c_str(), 1);
    }
    jack_server server;
};

audio::portaudio_options jack_device(unsigned block = 64) {
    return {.host_api = "JACK Audio Connection Kit", .device = "system", .block = block};
}

}  // namespace

TEST_CASE("PortAudio's device is played, block by block") {
    REQUIRE(audio::portaudio_driver::available());
    found_server on;
    watcher port;
    audio::engine e({.runners = make_pool()});
    e.load(counting());
    audio::portaudio_driver driver(e, jack_device());
    CHECK(driver.device() == "JACK Audio Connection Kit: system");
    CHECK(driver.sample_rate() == 48000);
    CHECK(e.sample_rate() == 48000);
    CHECK_FALSE(driver.running());
    driver.start(port);
    CHECK(driver.running());
    CHECK_THROWS_AS(driver.start(), std::logic_error);
    CHECK(eventually([&] { return driver.stats().blocks > 300; }));
    driver.stop();
    CHECK_FALSE(driver.running());
    CHECK(driver.failure().empty());
    auto const stats = driver.stats();
    CHECK(e.now() == stats.blocks * 64);
    CHECK(port.last.load() == static_cast<float>(e.now()));
    CHECK(port.breaks.load() == 0);
    CHECK(stats.worst_ns > 0);
    CHECK(stats.late <= stats.blocks);
    // It goes on where it ended.
    driver.start(port);
    CHECK(eventually([&] { return driver.stats().blocks > stats.blocks + 10; }));
    driver.stop();
    CHECK(port.breaks.load() == 0);
}

TEST_CASE("what the server hears is what the engine plays, sample for sample, whatever the two blocks are") {
    found_server on({.block = 256, .synchronous = true});
    for (unsigned const block : {256u, 64u, 100u}) {
        watcher port;
        audio::engine e({.runners = make_pool()});
        e.load(counting());
        audio::portaudio_driver driver(e, jack_device(block));
        driver.start(port);
        bare_jack sink("sink", on.server.name());
        std::string const ours = sink.connections("system:playback_1");
        REQUIRE(ours.find(':') != std::string::npos);
        sink.connect(ours, "sink:in");
        auto const heard = sink.freewheel(40000);
        CHECK(goes_on(heard));
        CHECK(port.last.load() >= heard.back());
        CHECK(port.loud.load() == block);
        CHECK(port.breaks.load() == 0);
        driver.stop();
    }
}

TEST_CASE("a panel with more jacks than the device has channels is played as far as they go") {
    found_server on;
    watcher port;
    audio::engine e({.runners = make_pool()});
    auto p = counting();
    for (int jack = 2; jack < 5; ++jack) p.map_output({1, 0}, jack);
    e.load(p);
    REQUIRE(e.panel_outputs() == 5);
    class last final : public audio::port {
    public:
        void play(std::span<float const* const> outputs, unsigned frames) noexcept override {
            if (outputs.size() == 5 && outputs[4][frames - 1] > 0 && outputs[4][frames - 1] == outputs[0][frames - 1])
                same.fetch_add(1, std::memory_order_relaxed);
        }
        std::atomic<unsigned> same{0};
    } all;
    audio::portaudio_driver driver(e, jack_device());
    driver.start(all);
    CHECK(eventually([&] { return all.same.load() > 5; }));
    driver.stop();
}

TEST_CASE("what PortAudio does not have is told in a sentence") {
    found_server on;
    audio::engine e({.runners = make_pool()});
    e.load(counting());
    auto const refused = [&](audio::portaudio_options const& options, std::string const& says) {
        std::string told;
        try {
            audio::portaudio_driver const driver(e, options);
        } catch (std::runtime_error const& error) {
            told = error.what();
        }
        CAPTURE(told);
        CHECK(told.find(says) != std::string::npos);
    };
    refused({.host_api = "Gramophone"}, "PortAudio has no 'Gramophone' here; it has ");
    auto o = jack_device();
    o.device = "nobody";
    refused(o, "PortAudio's JACK Audio Connection Kit has no device 'nobody'; it has system");
    o = jack_device();
    o.sample_rate = 44100;
    refused(o, "PortAudio cannot open 'JACK Audio Connection Kit: system' at 44100 Hz: Invalid sample rate");
    CHECK_THROWS_AS(audio::portaudio_driver(e, jack_device(0)), std::invalid_argument);
    audio::engine mute({.runners = make_pool()});
    mute.load(audio::patch("mute"));
    CHECK_THROWS_AS(audio::portaudio_driver(mute, jack_device()), std::invalid_argument);
    CHECK(render(e, 10).size() == 20);
}

// The last one: from here on this process has no PortAudio.
TEST_CASE("a server that is killed is told of, and holds nobody up") {
    std::optional<found_server> on(std::in_place);
    watcher port;
    audio::engine e({.runners = make_pool()});
    e.load(counting());
    std::optional<audio::portaudio_driver> driver(std::in_place, e, jack_device());
    driver->start(port);
    REQUIRE(eventually([&] { return port.loud.load() == 64; }));
    on->server.kill();
    CHECK(eventually([&] { return !driver->running(); }));
    CHECK(driver->failure() == "'JACK Audio Connection Kit: system' has gone");
    CHECK_THROWS_WITH(driver->start(), driver->failure().c_str());
    driver->stop();
    driver.reset();
    CHECK(render(e, 10).size() == 20);
    CHECK(port.breaks.load() == 0);
}
