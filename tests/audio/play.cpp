// hocket-play: what it renders is the file; what it is not given right it says.
#include <doctest/doctest.h>

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support.hpp"

using namespace support;
using audio::wav_encoding;

namespace {

std::string variable(char const* name) {
    char const* const value = std::getenv(name);
    REQUIRE_MESSAGE(value != nullptr, name, " is set");
    return value;
}

std::vector<std::string> command(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), variable("HOCKET_PLAY"));
    return arguments;
}

// The exit code, or -1 when it was killed.
int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }

// Runs hocket-play; the exit code, or -1 when it was killed.
int play(std::vector<std::string> arguments, std::string& output) {
    int status = 0;
    output = run_program(command(std::move(arguments)), status);
    return code_of(status);
}

bool contains(std::string const& text, std::string const& part) { return text.find(part) != std::string::npos; }

std::string library(std::string const& name) {
    return variable("HOCKET_TEST_LIBRARIES") + "/libtest-library-" + name + ".so";
}

// A patch file in which each input of the panel goes through an amplifier to the output of the other.
void write_crossed(std::string const& path, std::string const& more = "") {
    std::ofstream(path) << "PatchData:\n"
                           "  patch_name: crossed\n"
                           "  module_slugs: {0: 'any:Panel', 1: 'hocket:Gain', 2: 'hocket:Gain'}\n"
                           "  mapped_ins:\n"
                           "    - {panel_jack_id: 0, ins: [{module_id: 1, jack_id: 0}]}\n"
                           "    - {panel_jack_id: 1, ins: [{module_id: 2, jack_id: 0}]}\n"
                           "  mapped_outs:\n"
                           "    - {panel_jack_id: 0, out: {module_id: 2, jack_id: 0}}\n"
                           "    - {panel_jack_id: 1, out: {module_id: 1, jack_id: 0}}\n"
                        << more;
}

// A patch file of one module, whose output 0 is heard.
void write_solo(std::string const& path, std::string const& slug, std::string const& more = "") {
    std::ofstream(path) << "PatchData:\n"
                           "  patch_name: solo\n"
                           "  module_slugs: {0: 'any:Panel', 1: '"
                        << slug
                        << "'}\n"
                           "  mapped_outs: [{panel_jack_id: 0, out: {module_id: 1, jack_id: 0}}]\n"
                        << more;
}

std::vector<float> with_channels_exchanged(std::vector<float> samples) {
    for (std::size_t i = 0; i + 1 < samples.size(); i += 2) std::swap(samples[i], samples[i + 1]);
    return samples;
}

bool starts_as(std::vector<float> const& samples, std::vector<float> const& whole) {
    return samples.size() <= whole.size() && std::equal(samples.begin(), samples.end(), whole.begin());
}

std::uintmax_t size_of(std::string const& path) {
    std::error_code none;
    auto const size = std::filesystem::file_size(path, none);
    return none ? 0 : size;
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
             {{"--in", in, "--driver", "tape"},
              2,
              "--driver: there is no driver 'tape'; there are: freewheel, timer, jack, portaudio"},
             {{"--in", in, "--stats", "xml"}, 2, "--stats: 'xml' is neither table nor json"},
             {{"--in", in, "--out", out, "--modules", dir / "none.so"}, 1, "none.so': No such file or directory"},
             {{"--in", in, "--out", out, "--modules", dir / "text.wav"}, 1, "text.wav' is not a shared object"},
             {{"--in", in, "--out", out, "--modules", library("taken")}, 1, "registered as 'hocket:Gain'"},
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
    std::ofstream(dir / "song.yml")
        << "PatchData:\n"
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
            REQUIRE(play({dir / "song.yml", "--out", dir / "out.wav", "--seconds", "0.1", "--context", context,
                          "--block", block},
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
    std::ofstream(dir / "own.yml") << "PatchData: {patch_name: x}\n";
    CHECK(play({dir / "own.yml", "--out", dir / "own.yml"}, output) == 2);
    CHECK(contains(output, "own.yml' is the file to be read"));
}

TEST_CASE("--in feeds the inputs of a patch, sample for sample, and is as long as the rendering") {
    folder dir;
    std::string output;
    // Longer than the ring that it goes through.
    auto const samples = noise(2 * 150'000);
    write_wav(dir / "in.wav", samples, {.sample_rate = 48000, .channels = 2, .encoding = wav_encoding::pcm16});
    write_crossed(dir / "crossed.yml", "  suggested_samplerate: 48000\n");
    for (char const* const context : {"native", "boost"})
        for (char const* const block : {"64", "17", "8192"}) {
            REQUIRE(play({dir / "crossed.yml", "--in", dir / "in.wav", "--out", dir / "out.wav", "--context", context,
                          "--block", block},
                         output) == 0);
            CHECK(contains(output, "input        " + (dir / "in.wav") + "\n"));
            CHECK(contains(output, "frames       150000\n"));
            CHECK(contains(output, "underruns    0\n"));
            CHECK(read_wav(dir / "out.wav") == with_channels_exchanged(samples));
        }
}

TEST_CASE("--in and --seconds: cut, or silence after the end") {
    folder dir;
    std::string output;
    auto samples = noise(2 * 24000);
    write_wav(dir / "in.wav", samples, {.sample_rate = 48000, .channels = 2, .encoding = wav_encoding::float32});
    write_crossed(dir / "crossed.yml");
    REQUIRE(play({dir / "crossed.yml", "--in", dir / "in.wav", "--out", dir / "out.wav", "--seconds", "0.25"},
                 output) == 0);
    auto const cut = read_wav(dir / "out.wav");
    CHECK(cut.size() == 24000);
    CHECK(starts_as(cut, with_channels_exchanged(samples)));
    REQUIRE(play({dir / "crossed.yml", "--in", dir / "in.wav", "--out", dir / "out.wav", "--seconds", "1"}, output) ==
            0);
    CHECK(contains(output, "underruns    0\n"));
    samples.resize(2 * 48000, 0);
    CHECK(read_wav(dir / "out.wav") == with_channels_exchanged(samples));
}

TEST_CASE("--in in real time: the timer's thread reads a ring, and hears the same samples") {
    folder dir;
    std::string output;
    auto const samples = noise(2 * 90'000);  // more than the ring
    write_wav(dir / "in.wav", samples, {.sample_rate = 48000, .channels = 2, .encoding = wav_encoding::pcm24});
    write_crossed(dir / "crossed.yml");
    REQUIRE(play({dir / "crossed.yml", "--in", dir / "in.wav", "--out", dir / "out.wav", "--driver", "timer"},
                 output) == 0);
    CHECK(read_wav(dir / "out.wav") == with_channels_exchanged(samples));
}

TEST_CASE("inputs without a file are silent, as are those for which the file has no channel; others are told") {
    folder dir;
    std::string output;
    write_crossed(dir / "crossed.yml");
    REQUIRE(play({dir / "crossed.yml", "--out", dir / "out.wav", "--seconds", "0.1"}, output) == 0);
    CHECK(read_wav(dir / "out.wav") == std::vector<float>(2 * 4800, 0));

    auto const samples = noise(3 * 4000);
    std::vector<float> mono, crossed;
    for (std::size_t i = 0; i < 4000; ++i) {
        mono.push_back(samples[3 * i]);
        crossed.insert(crossed.end(), {0, samples[3 * i]});
    }
    write_wav(dir / "mono.wav", mono, {.encoding = wav_encoding::pcm16});
    REQUIRE(play({dir / "crossed.yml", "--in", dir / "mono.wav", "--out", dir / "out.wav"}, output) == 0);
    CHECK(read_wav(dir / "out.wav") == crossed);

    crossed.clear();
    for (std::size_t i = 0; i < 4000; ++i) crossed.insert(crossed.end(), {samples[3 * i + 1], samples[3 * i]});
    write_wav(dir / "three.wav", samples, {.channels = 3, .encoding = wav_encoding::pcm16});
    REQUIRE(play({dir / "crossed.yml", "--in", dir / "three.wav", "--out", dir / "out.wav"}, output) == 0);
    CHECK(contains(output, "three.wav' has 3 channels, but the patch uses only 2 inputs of the panel"));
    CHECK(read_wav(dir / "out.wav") == crossed);
}

TEST_CASE("sample rates: a patch takes that of its input, or says that they differ") {
    folder dir;
    std::string output;
    write_wav(dir / "in.wav", noise(2 * 1000),
              {.sample_rate = 22050, .channels = 2, .encoding = wav_encoding::float32});
    write_crossed(dir / "any.yml");
    REQUIRE(play({dir / "any.yml", "--in", dir / "in.wav", "--out", dir / "out.wav"}, output) == 0);
    CHECK(contains(output, "channels     2 at 22050 Hz\n"));
    write_crossed(dir / "fixed.yml", "  suggested_samplerate: 48000\n");
    CHECK(play({dir / "fixed.yml", "--in", dir / "in.wav", "--out", dir / "other.wav"}, output) == 1);
    CHECK(contains(output, "in.wav' has 22050 Hz, but the patch is for 48000 Hz"));
    CHECK_FALSE(std::filesystem::exists(dir / "other.wav"));
}

TEST_CASE("what a patch streams: another sample rate is told, and its file is not written over") {
    folder dir;
    std::string output;
    write_wav(dir / "in.wav", noise(4000), {.sample_rate = 32000, .encoding = wav_encoding::float32});
    auto const before = bytes_of(dir / "in.wav");
    write_solo(
        dir / "solo.yml", "hocket:WavPlayer",
        "  suggested_samplerate: 44100\n  vcvModuleStates: [{module_id: 1, data: '" + (dir / "in.wav") + "'}]\n");
    CHECK(play({dir / "solo.yml", "--out", dir / "in.wav"}, output) == 1);
    CHECK(contains(output, "in.wav' is read by module 1 of the patch"));
    CHECK(bytes_of(dir / "in.wav") == before);
    CHECK(play({dir / "solo.yml", "--out", dir / "out.wav", "--seconds", "0.1"}, output) == 0);
    CHECK(contains(output, "in.wav' of 32000 Hz at 44100 Hz\n"));
}

TEST_CASE("modules of a shared object are played, and listed") {
    folder dir;
    std::string output;
    write_solo(dir / "count.yml", "test:Counter", "  suggested_samplerate: 48000\n");
    for (char const* const block : {"64", "17"}) {
        REQUIRE(play({"--modules", library("counter"), dir / "count.yml", "--out", dir / "out.wav", "--seconds", "0.1",
                      "--block", block},
                     output) == 0);
        // One call before every 24th frame.
        std::vector<float> expected;
        for (std::size_t i = 0; i < 4800; ++i) expected.push_back(static_cast<float>(i / 24 + 1));
        CHECK(read_wav(dir / "out.wav") == expected);
        std::size_t const row = output.find("module 1 (test:Counter) thread 0    200         0  ");
        REQUIRE(row != output.npos);
        CHECK(output.substr(row, output.find('\n', row) - row).ends_with("  started"));
    }
    // Without the library there is silence.
    REQUIRE(play({dir / "count.yml", "--out", dir / "out.wav", "--seconds", "0.1"}, output) == 0);
    CHECK(contains(output, "'test:Counter', is not here: it is silent"));
    CHECK(read_wav(dir / "out.wav") == std::vector<float>(4800, 0));

    REQUIRE(play({"--list"}, output) == 0);
    CHECK(output ==
          "module             inputs  outputs  knobs\n"
          "hocket:Analyser         1        2      0\n"
          "hocket:Convolver        1        2      2\n"
          "hocket:Gain             2        1      1\n"
          "hocket:Looper           4        2      6\n"
          "hocket:Mixer            4        1      4\n"
          "hocket:Noise            0        1      1\n"
          "hocket:Oscillator       1        1      1\n"
          "hocket:Recorder         9        1      1\n"
          "hocket:WavPlayer        0        8      0\n");
    REQUIRE(play({"--list", "--modules", library("counter"), "--modules", variable("HOCKET_EXAMPLE_LIBRARY")},
                 output) == 0);
    CHECK(output ==
          "module             inputs  outputs  knobs\n"
          "example:Wavetable       0        1      1\n"
          "hocket:Analyser         1        2      0\n"
          "hocket:Convolver        1        2      2\n"
          "hocket:Gain             2        1      1\n"
          "hocket:Looper           4        2      6\n"
          "hocket:Mixer            4        1      4\n"
          "hocket:Noise            0        1      1\n"
          "hocket:Oscillator       1        1      1\n"
          "hocket:Recorder         9        1      1\n"
          "hocket:WavPlayer        0        8      0\n"
          "test:Counter            0        1      0\n"
          "test:Place            any      any    any\n"
          "test:Stuck            any      any    any\n"
          "test:Unbuildable cannot be built: there is no room\n"
          "test:Unruly           any      any    any\n");
    CHECK(play({"--list", "--modules", library("other-abi")}, output) == 1);
    CHECK(contains(output, "was built against another version of hocket"));
}

TEST_CASE("the library of the examples: its AsyncThread makes the table that the knob asks for, at the same sample") {
    folder dir;
    std::string output;
    std::vector<std::vector<float>> played;
    for (char const* const knob : {"0", "1"}) {
        write_solo(dir / "voice.yml", "example:Wavetable",
                   "  static_knobs: [{module_id: 1, param_id: 0, value: " + std::string(knob) + "}]\n");
        for (char const* const context : {"native", "boost"})
            for (char const* const block : {"64", "17"}) {
                REQUIRE(play({dir / "voice.yml", "--modules", variable("HOCKET_EXAMPLE_LIBRARY"), "--out",
                              dir / "out.wav", "--seconds", "0.5", "--context", context, "--block", block},
                             output) == 0);
                played.push_back(read_wav(dir / "out.wav"));
                CHECK(played.back() == played[played.size() > 4 ? 4 : 0]);
            }
    }
    // A sine of 110 Hz crosses zero upwards 55 times in half a second, a sawtooth has more than its amplitude.
    auto const& sine = played.front();
    int crossings = 0;
    for (std::size_t i = 1; i < sine.size(); ++i) crossings += sine[i - 1] < 0 && sine[i] >= 0;
    CHECK(crossings >= 54);
    CHECK(crossings <= 55);
    CHECK(*std::max_element(sine.begin(), sine.end()) == doctest::Approx(0.5).epsilon(0.001));
    CHECK(*std::max_element(played.back().begin(), played.back().end()) > 0.7f);
}

TEST_CASE("--stats json says what the table says, and nothing else is on standard output") {
    folder dir;
    std::string output;
    auto const samples = noise(2 * 4800);
    write_wav(dir / "in.wav", samples, {.channels = 2, .encoding = wav_encoding::pcm16});
    write_crossed(dir / "crossed.yml");
    REQUIRE(play({dir / "crossed.yml", "--in", dir / "in.wav", "--out", dir / "out.wav", "--stats", "json", "--context",
                  "boost"},
                 output) == 0);
    auto const j = nlohmann::json::parse(output);
    CHECK(j["schema"] == "hocket-play/1");
    CHECK(j["verdict"] == "rendered");
    CHECK(j["signal"] == nullptr);
    CHECK(j["patch"] == dir / "crossed.yml");
    CHECK(j["in"] == dir / "in.wav");
    CHECK(j["out"] == dir / "out.wav");
    CHECK(j["driver"] == "freewheel");
    CHECK(j["context"] == "boost");
    CHECK(j["sample_rate"] == 48000);
    CHECK(j["channels"] == 2);
    CHECK(j["block"] == 64);
    CHECK(j["frames_asked"] == 4800);
    CHECK(j["frames"] == 4800);
    CHECK(j["elapsed_seconds"] > 0);
    CHECK(j["underruns"] == 0);
    CHECK(j["lost"] == 0);
    CHECK(j["clock"] == nullptr);
    CHECK(j["engine"]["frames"] == 4800);
    CHECK(j["engine"]["blocks"] >= 4800 / 64);
    CHECK(j["async_threads"] == nlohmann::json::array());
    std::string const checksum = j["checksum"];
    REQUIRE(play({dir / "crossed.yml", "--in", dir / "in.wav", "--out", dir / "out.wav"}, output) == 0);
    CHECK(contains(output, "checksum     " + checksum.substr(2) + "\n"));

    write_solo(dir / "count.yml", "test:Counter");
    REQUIRE(play({"--modules", library("counter"), dir / "count.yml", "--out", dir / "out.wav", "--seconds", "0.1",
                  "--driver", "timer", "--stats", "json"},
                 output) == 0);
    auto const k = nlohmann::json::parse(output);
    CHECK(k["in"] == nullptr);
    CHECK(k["driver"] == "timer");
    CHECK(k["clock"]["blocks"] == 4800 / 64);
    CHECK(k["clock"]["late"] <= k["clock"]["blocks"]);
    CHECK(k["engine"]["frames"] == 4800);
    REQUIRE(k["async_threads"].size() == 1);
    auto const& thread = k["async_threads"][0];
    CHECK(thread["module"] == 1);
    CHECK(thread["name"] == "module 1 (test:Counter) thread 0");
    CHECK(thread["calls"] == k["engine"]["async_calls"]);
    CHECK(thread["calls"] > 0);
    CHECK(thread["failures"] == 0);
    CHECK(thread["started"] == true);
}

TEST_CASE("--rt-check finds what the audio thread must not do, and where; nothing else is wrong with the rendering") {
    folder dir;
    std::string output;
    write_solo(dir / "fine.yml", "test:Counter");
    for (char const* const driver : {"freewheel", "timer"}) {
        CHECK(play({"--modules", library("counter"), dir / "fine.yml", "--out", dir / "out.wav", "--seconds", "0.2", "--driver",
                    driver, "--rt-check"},
                   output) == 0);
        CAPTURE(output);
        CHECK(contains(output, "rt-check     clean\n"));
    }
#if !defined(HOCKET_ASAN) && !defined(HOCKET_TSAN)
    write_solo(dir / "bad.yml", "test:Unruly");
    CHECK(play({"--modules", library("counter"), dir / "bad.yml", "--out", dir / "out.wav", "--seconds", "0.2", "--rt-check"},
               output) == 1);
    CAPTURE(output);
    CHECK(contains(output, "rt-check     17 violations\n"));  // 9 allocations in 9600 frames, and 8 times one is freed
    CHECK(contains(output, "    9 x malloc\n"));
    CHECK(contains(output, "    8 x free\n"));
    CHECK(contains(output, "libtest-library-counter.so"));
    CHECK(contains(output, "hocket-play: the audio thread did 17 things that it must not do\n"));
    CHECK(play({"--modules", library("counter"), dir / "bad.yml", "--out", dir / "out.wav", "--seconds", "0.2", "--rt-check",
                "--stats", "json"},
               output) == 1);
    auto const j = nlohmann::json::parse(output.substr(0, output.rfind('}') + 1));
    CHECK(j["verdict"] == "rendered");
    CHECK(j["rt_check"]["allocations_watched"] == true);
    CHECK(j["rt_check"]["count"] == 17);
    CHECK(j["rt_check"]["violations"].size() == 2);
    // Who does not ask is not told.
    CHECK(play({"--modules", library("counter"), dir / "bad.yml", "--out", dir / "out.wav", "--seconds", "0.2"}, output) == 0);
    CHECK_FALSE(contains(output, "rt-check"));
#endif
}

TEST_CASE("a line of progress is drawn on a terminal, is gone in the end, and is drawn nowhere else") {
    folder dir;
    write_wav(dir / "in.wav", noise(24000), {.encoding = wav_encoding::pcm16});
    for (char const* const driver : {"freewheel", "timer"}) {
        auto const words = command({"--in", dir / "in.wav", "--out", dir / "out.wav", "--driver", driver});
        running_program seen(words, true);
        CHECK(code_of(seen.finish()) == 0);
        CHECK(seen.terminal.starts_with("\r0.0 of 0.5 s  0.00 x real time  0 underruns  0 xruns\033[K"));
        CHECK(seen.terminal.ends_with("\r\033[K"));
        CHECK_FALSE(contains(seen.terminal, "\n"));
        CHECK(contains(seen.output, "frames       24000\n"));
        running_program unseen(words);
        CHECK(code_of(unseen.finish()) == 0);
        CHECK_FALSE(contains(unseen.output, "\r"));
        CHECK_FALSE(contains(unseen.output, "\033"));
    }
}

TEST_CASE("SIGINT and SIGTERM end a rendering early: a whole WAV, the table, 128 and the number") {
    folder dir;
    auto const samples = noise(2 * 48000 * 20);
    write_wav(dir / "in.wav", samples, {.channels = 2, .encoding = wav_encoding::pcm16});
    write_crossed(dir / "crossed.yml");
    struct ending {
        int signal;
        int code;
        std::string name;
    };
    for (auto const& e : {ending{SIGINT, 130, "SIGINT"}, ending{SIGTERM, 143, "SIGTERM"}})
        for (bool const patch : {true, false}) {
            std::filesystem::remove(dir / "out.wav");
            std::vector<std::string> words{"--in", dir / "in.wav", "--out", dir / "out.wav", "--driver", "timer"};
            if (patch) words.push_back(dir / "crossed.yml");
            running_program program(command(words));
            REQUIRE(eventually([&] { return size_of(dir / "out.wav") > 1000; }));
            program.signal(e.signal);
            CHECK(code_of(program.finish()) == e.code);
            CHECK(contains(program.output, "ended by     " + e.name + ", of 960000 frames\n"));
            auto const heard = read_wav(dir / "out.wav");  // refuses what is truncated
            CHECK(heard.size() >= 400);
            CHECK(heard.size() < samples.size());
            CHECK(contains(program.output, "frames       " + std::to_string(heard.size() / 2) + "\n"));
            CHECK(starts_as(heard, patch ? with_channels_exchanged(samples) : samples));
        }
}

TEST_CASE("a signal ends a rendering in audio time, and is in the JSON") {
    folder dir;
    write_solo(dir / "sine.yml", "hocket:Oscillator");
    running_program program(
        command({dir / "sine.yml", "--out", dir / "out.wav", "--seconds", "86400", "--stats", "json"}));
    REQUIRE(eventually([&] { return size_of(dir / "out.wav") > 1000; }));
    program.signal(SIGTERM);
    CHECK(code_of(program.finish()) == 143);
    auto const j = nlohmann::json::parse(program.output);
    CHECK(j["verdict"] == "interrupted");
    CHECK(j["signal"] == "SIGTERM");
    CHECK(j["frames_asked"] == 86400ull * 48000);
    CHECK(j["frames"] == read_wav(dir / "out.wav").size());
    CHECK(j["frames"] == j["engine"]["frames"]);
}

TEST_CASE("a second signal ends the program where an action never returns; one that is ignored stays so") {
    folder dir;
    write_solo(dir / "stuck.yml", "test:Stuck");
    running_program stuck(command({"--modules", library("counter"), dir / "stuck.yml", "--out", dir / "out.wav",
                                   "--driver", "timer", "--seconds", "3600"}));
    REQUIRE(eventually([&] { return size_of(dir / "out.wav") > 1000; }));
    // Two that follow each other closely may arrive as one.
    CHECK(eventually([&] {
        stuck.signal(SIGINT);
        std::this_thread::sleep_for(10ms);
        return stuck.ended();
    }));
    int const status = stuck.finish();
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGINT);

    std::filesystem::remove(dir / "out.wav");
    write_solo(dir / "sine.yml", "hocket:Oscillator");
    auto words = command({dir / "sine.yml", "--out", dir / "out.wav", "--driver", "timer", "--seconds", "3600"});
    words.insert(words.begin(), {"/bin/sh", "-c", "trap '' INT; exec \"$@\"", "sh"});
    running_program deaf(words);
    REQUIRE(eventually([&] { return size_of(dir / "out.wav") > 1000; }));
    deaf.signal(SIGINT);
    auto const before = size_of(dir / "out.wav");
    CHECK(eventually([&] { return size_of(dir / "out.wav") > before + 1000; }));
    deaf.signal(SIGTERM);
    CHECK(code_of(deaf.finish()) == 143);
    CHECK(contains(deaf.output, "ended by     SIGTERM"));
}
