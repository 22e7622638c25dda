// hocket-play: what it renders is the file; what it is not given right it says.
#include <doctest/doctest.h>

#include <sys/wait.h>

#include <cstdlib>
#include <fstream>

#include "support.hpp"

using namespace support;
using audio::wav_encoding;

namespace {

// Runs hocket-play; the exit code, or -1 when it was killed.
int play(std::vector<std::string> arguments, std::string& output) {
    char const* const program = std::getenv("HOCKET_PLAY");
    REQUIRE_MESSAGE(program != nullptr, "HOCKET_PLAY names the program");
    arguments.insert(arguments.begin(), program);
    int status = 0;
    output = run_program(arguments, status);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("twice in audio time gives the same bytes, and they are the file's") {
    folder dir;
    std::string output;
    for (auto const encoding : {wav_encoding::pcm16, wav_encoding::pcm24, wav_encoding::float32}) {
        auto const samples = noise(2 * 20000);
        write_wav(dir / "in.wav", samples, {.sample_rate = 44100, .channels = 2, .encoding = encoding});
        REQUIRE(play({"--in", dir / "in.wav", "--out", dir / "a.wav"}, output) == 0);
        CHECK(output.find("frames       20000\n") != std::string::npos);
        CHECK(output.find("underruns    0\n") != std::string::npos);
        REQUIRE(play({"--in", dir / "in.wav", "--out", dir / "b.wav", "--block", "17"}, output) == 0);
        CHECK(bytes_of(dir / "a.wav") == bytes_of(dir / "b.wav"));
        CHECK(read_wav(dir / "a.wav") == samples);
        CHECK(bytes_of(dir / "a.wav") == bytes_of(dir / "in.wav"));
    }
}

TEST_CASE("both ways of switching fibers render the same") {
    folder dir;
    std::string output;
    write_wav(dir / "in.wav", noise(10000), {.encoding = wav_encoding::pcm16});
    for (char const* const context : {"native", "boost"}) {
        REQUIRE(play({"--in", dir / "in.wav", "--out", dir / context, "--context", context}, output) == 0);
        CHECK(output.find("context      " + std::string(context)) != std::string::npos);
        CHECK(bytes_of(dir / context) == bytes_of(dir / "in.wav"));
    }
}

TEST_CASE("the timer takes as long as the music, and renders the file") {
    folder dir;
    std::string output;
    write_wav(dir / "in.wav", noise(24000), {.encoding = wav_encoding::pcm16});
    auto const begin = std::chrono::steady_clock::now();
    REQUIRE(play({"--in", dir / "in.wav", "--out", dir / "out.wav", "--driver", "timer"}, output) == 0);
    CHECK(std::chrono::steady_clock::now() - begin >= 490ms);
    CHECK(output.find("late blocks") != std::string::npos);
    CHECK(bytes_of(dir / "out.wav") == bytes_of(dir / "in.wav"));
}

TEST_CASE("--seconds cuts, or goes on in silence") {
    folder dir;
    std::string output;
    auto samples = noise(24000);
    write_wav(dir / "in.wav", samples, {.encoding = wav_encoding::pcm16});
    REQUIRE(play({"--in", dir / "in.wav", "--out", dir / "out.wav", "--seconds", "0.25"}, output) == 0);
    CHECK(read_wav(dir / "out.wav") == std::vector<float>(samples.begin(), samples.begin() + 12000));
    REQUIRE(play({"--in", dir / "in.wav", "--out", dir / "out.wav", "--seconds", "1"}, output) == 0);
    samples.resize(48000, 0);
    CHECK(read_wav(dir / "out.wav") == samples);
}

TEST_CASE("every mistake has one sentence and an exit code") {
    folder dir;
    write_wav(dir / "in.wav", noise(1000), {.encoding = wav_encoding::pcm16});
    auto const whole = bytes_of(dir / "in.wav");
    std::ofstream(dir / "cut.wav", std::ios::binary).write(whole.data(), 500);
    std::ofstream(dir / "text.wav") << "not a sound";
    std::string const in = dir / "in.wav", out = dir / "out.wav";
    struct mistake {
        std::vector<std::string> arguments;
        int code;
        std::string says;
    };
    for (auto const& m : std::vector<mistake>{
             {{"--in", dir / "none.wav", "--out", out}, 1, "none.wav': No such file or directory"},
             {{"--in", dir / "cut.wav", "--out", out}, 1, "cut.wav' is truncated: its header promises 2000 bytes"},
             {{"--in", dir / "text.wav", "--out", out}, 1, "text.wav' is not a WAV file"},
             {{"--in", in, "--out", dir / "no/out.wav"}, 1, "no/out.wav': No such file or directory"},
             {{"--in", in, "--out", in}, 2, "in.wav' is the file to be read"},
             {{"--in", in, "--driver", "tape"}, 2, "--driver: 'tape' is neither freewheel nor timer"},
             {{"--in", in, "--seconds", "ten"}, 2, "--seconds: 'ten' is not a number"},
             {{"--in", in, "--seconds", "-1"}, 2, "--seconds: -1 is not more than 0"},
             {{"--in", in, "--seconds", "nan"}, 2, "--seconds: 'nan' is not a number"},
             {{"--in", in, "--block", "0"}, 2, "--block: 0 is not a whole number from 1 to 8192"},
             {{"--in", in, "--context", "magic"}, 2, "--context: 'magic' is neither native nor boost"},
             {{"--tempo", "3"}, 2, "--tempo"},
         }) {
        CAPTURE(m.says);
        std::string output;
        CHECK(play(m.arguments, output) == m.code);
        CHECK(output.find("hocket-play: ") == 0);
        CHECK(output.find(m.says) != std::string::npos);
        CHECK(std::count(output.begin(), output.end(), '\n') == 1);
    }
    CHECK_FALSE(std::filesystem::exists(out));
    std::string output;
    CHECK(play({"--help"}, output) == 0);
}

TEST_CASE("a patch file is rendered, the same twice, on both contexts; what is not here is told") {
    folder dir;
    write_wav(dir / "in.wav", noise(3000), {.sample_rate = 32000, .encoding = wav_encoding::float32});
    std::ofstream(dir / "song.yml") << "PatchData:\n"
                                       "  patch_name: song\n"
                                       "  module_slugs: {0: 'any:Panel', 1: 'hocket:WavPlayer', 2: 'any:Missing', 3: 'hocket:Oscillator'}\n"
                                       "  mapped_outs:\n"
                                       "    - {panel_jack_id: 0, out: {module_id: 1, jack_id: 0}}\n"
                                       "    - {panel_jack_id: 1, out: {module_id: 3, jack_id: 0}}\n"
                                       "    - {panel_jack_id: 2, out: {module_id: 2, jack_id: 5}}\n"
                                       "  static_knobs: [{module_id: 3, param_id: 0, value: 0.5}]\n"
                                       "  vcvModuleStates: [{module_id: 1, data: '" +
                                           (dir / "in.wav") + "'}]\n  suggested_samplerate: 32000\n";
    std::string output;
    decltype(bytes_of(dir / "in.wav")) first;
    for (char const* const context : {"native", "boost"})
        for (char const* const block : {"64", "17"}) {
            REQUIRE(play({dir / "song.yml", "--out", dir / "out.wav", "--seconds", "0.1", "--context", context, "--block",
                          block},
                         output) == 0);
            CHECK(output.find("patch 'song': module 2, 'any:Missing', is not here: it is silent") != std::string::npos);
            CHECK(output.find("frames       3200\n") != std::string::npos);
            CHECK(output.find("channels     3 at 32000 Hz\n") != std::string::npos);
            auto const bytes = bytes_of(dir / "out.wav");
            if (first.empty()) first = bytes;
            CHECK(bytes == first);
        }
    auto const samples = read_wav(dir / "out.wav"), in = read_wav(dir / "in.wav");
    REQUIRE(samples.size() == 3 * 3200);
    // The streamed file is there, sample for sample; the oscillator swings; the missing module is silent.
    bool streamed = true, silent = true, swings = false;
    for (std::size_t i = 0; i < 3000; ++i) {
        streamed = streamed && samples[3 * i] == in[i];
        swings = swings || samples[3 * i + 1] != 0;
        silent = silent && samples[3 * i + 2] == 0;
    }
    CHECK(streamed);
    CHECK(swings);
    CHECK(silent);
}

TEST_CASE("a patch file that is wrong, or leads nowhere, is refused with a sentence") {
    folder dir;
    std::string output;
    std::ofstream(dir / "bad.yml") << "PatchData:\n  patch_name: x\n  int_cables:\n    - out: {module_id: 1}\n";
    CHECK(play({dir / "bad.yml", "--out", dir / "out.wav"}, output) == 1);
    CHECK(output.find("bad.yml:4: PatchData.int_cables[0].out: 'jack_id' is missing") != std::string::npos);
    std::ofstream(dir / "mute.yml") << "PatchData: {patch_name: x}\n";
    CHECK(play({dir / "mute.yml", "--out", dir / "out.wav"}, output) == 1);
    CHECK(output.find("nothing is connected to an output of the panel") != std::string::npos);
    CHECK(play({dir / "gone.yml", "--out", dir / "out.wav"}, output) == 1);
    CHECK(output.find("gone.yml: it cannot be opened") != std::string::npos);
    CHECK(play({dir / "mute.yml", "--in", dir / "in.wav"}, output) == 2);
}
