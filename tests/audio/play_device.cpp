// hocket-play on a real JACK server: as its client, and through PortAudio.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "jack_support.hpp"

using namespace support;
using audio::wav_encoding;

namespace {

// Runs hocket-play; the exit code, or -1 when it was killed.
int play(std::vector<std::string> arguments, std::string& output) {
    char const* const program = std::getenv("HOCKET_PLAY");
    REQUIRE_MESSAGE(program != nullptr, "HOCKET_PLAY is set");
    arguments.insert(arguments.begin(), program);
    int status = 0;
    output = run_program(arguments, status);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool contains(std::string const& text, std::string const& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a WAV is played to the server, and is what is written") {
    jack_server server({.block = 256});
    folder dir;
    write_wav(dir / "in.wav", noise(2 * 24000), {.channels = 2, .encoding = wav_encoding::pcm16});
    for (std::string const driver : {"jack", "portaudio"}) {
        if (driver == "portaudio" && !audio::portaudio_driver::available()) continue;
        CAPTURE(driver);
        std::string output;
        REQUIRE(play({"--in", dir / "in.wav", "--out", dir / "out.wav", "--driver", driver, "--server", server.name(),
                      "--stats", "json"},
                     output) == 0);
        CHECK(bytes_of(dir / "out.wav") == bytes_of(dir / "in.wav"));
        auto const said = nlohmann::json::parse(output.substr(output.find('{')));
        CHECK(said["driver"] == driver);
        CHECK(said["frames"] == 24000);
        CHECK(said["clock"]["blocks"] >= (driver == "jack" ? 24000 / 256 : 24000 / 64));
        CHECK(said["clock"]["xruns"] >= 0);
        CHECK(said["block"] == (driver == "jack" ? 256 : 64));
    }
}

TEST_CASE("without --out nothing is written; the table names the server's xruns") {
    jack_server server;
    folder dir;
    write_wav(dir / "in.wav", noise(4800), {.encoding = wav_encoding::pcm16});
    std::string output;
    REQUIRE(play({"--in", dir / "in.wav", "--driver", "jack", "--server", server.name()}, output) == 0);
    CHECK(contains(output, dir / "in.wav" + std::string(" -> jack\n")));
    CHECK(contains(output, "  xruns        "));
    CHECK(contains(output, "  frames       4800\n"));
    CHECK_FALSE(std::filesystem::exists("play.wav"));
}

TEST_CASE("the server hears what is played") {
    jack_server server;
    folder dir;
    std::ofstream(dir / "song.yml") << "PatchData:\n"
                                       "  patch_name: song\n"
                                       "  module_slugs: {0: 'any:Panel', 1: 'hocket:Oscillator'}\n"
                                       "  mapped_outs: [{panel_jack_id: 0, out: {module_id: 1, jack_id: 0}}]\n"
                                       "  static_knobs: [{module_id: 1, param_id: 0, value: 0.5}]\n";
    std::string output;
    int code = -1;
    std::thread player([&] {
        code = play({dir / "song.yml", "--driver", "jack", "--server", server.name(), "--seconds", "3"}, output);
    });
    bare_jack sink("sink", server.name());
    bool const there =
        eventually([&] { return contains(sink.connections("system:playback_1"), "hocket-play:output_1"); });
    if (there) {
        sink.connect("hocket-play:output_1", "sink:in");
        CHECK(eventually([&] { return sink.peak() > 0.9f; }));
        CHECK(sink.peak() <= 1.0f);
    }
    player.join();
    CHECK(there);
    CHECK(code == 0);
}

TEST_CASE("a server that dies ends the music, with a sentence") {
    jack_server server;
    folder dir;
    write_wav(dir / "in.wav", noise(4800), {.encoding = wav_encoding::pcm16});
    std::string output;
    int code = -1;
    std::thread player([&] {
        code = play({"--in", dir / "in.wav", "--out", dir / "out.wav", "--seconds", "40", "--driver", "jack",
                     "--server", server.name()},
                    output);
    });
    {
        bare_jack sink("sink", server.name());
        CHECK(eventually([&] { return contains(sink.connections("system:playback_1"), "hocket-play:output_1"); }));
    }
    server.kill();
    player.join();
    CHECK(code == 1);
    CHECK(contains(output, "hocket-play: the JACK server '" + server.name() + "' has ended"));
    CHECK(read_wav(dir / "out.wav").size() < 40u * 48000);
}

TEST_CASE("what does not fit a device is told in a sentence") {
    jack_server server;
    folder dir;
    write_wav(dir / "in.wav", noise(4800), {.sample_rate = 44100, .encoding = wav_encoding::pcm16});
    std::ofstream(dir / "song.yml") << "PatchData: {patch_name: song}\n";
    std::string const in = dir / "in.wav", song = dir / "song.yml";
    struct mistake {
        std::vector<std::string> arguments;
        int code;
        std::string says;
    };
    for (auto const& m : std::vector<mistake>{
             {{"--in", in, "--driver", "jack", "--server", server.name()},
              1,
              "the JACK server has 48000 Hz, and the music 44100 Hz: nothing here resamples"},
             {{"--in", in, "--driver", "jack", "--server", "hocket-no-such"},
              1,
              "the JACK server 'hocket-no-such' is not running"},
             {{"--in", in, "--driver", "timer", "--server", "x"}, 2, "--server: the driver timer has no server"},
             {{"--in", in, "--driver", "jack", "--block", "64"}, 2, "--block: a JACK server has a block of its own"},
             {{song, "--in", in, "--driver", "jack"}, 2, "--in: with the driver jack the patch hears the device"},
         }) {
        CAPTURE(m.says);
        std::string output;
        CHECK(play(m.arguments, output) == m.code);
        CHECK(output == "hocket-play: " + m.says + "\n");
    }
}
