// A build without libjack, or without PortAudio, says so.
#include <doctest/doctest.h>

#include "support.hpp"

using namespace support;

TEST_CASE("a driver that this build has not is there, and its constructor says that it is not") {
    audio::engine e({.runners = make_pool()});
    e.load(audio::patch("empty"));
    REQUIRE((!audio::jack_driver::available() || !audio::portaudio_driver::available()));
    if (!audio::jack_driver::available())
        CHECK_THROWS_WITH_AS(audio::jack_driver{e},
                             "this build of hocket has no JACK: libjack was not there, or not wanted",
                             std::runtime_error);
    if (!audio::portaudio_driver::available())
        CHECK_THROWS_WITH_AS(audio::portaudio_driver{e},
                             "this build of hocket has no PortAudio: libportaudio was not there, or not wanted",
                             std::runtime_error);
}
