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
