// WAV in and out: exact, reproducible, and clear about what is wrong with a file.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "support.hpp"

using namespace support;
using audio::wav_encoding;

template <class F>
static std::string refusal(F&& f) {
    try {
        f();
    } catch (audio::wav_error const& e) {
        return e.what();
    }
    return "accepted";
}

static void write_bytes(std::string const& path, std::vector<char> const& bytes) {
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

TEST_CASE("what was read is written back bit for bit, in every encoding") {
    folder dir;
    for (auto const encoding : {wav_encoding::pcm16, wav_encoding::pcm24, wav_encoding::float32})
        for (unsigned const channels : {1u, 2u, 3u}) {
            auto samples = noise(channels * 5000);
            samples[0] = -1;
            samples[1] = 32767.0f / 32768.0f;
            if (encoding == wav_encoding::pcm24) samples[2] = 1.0f / 8388608.0f;
            if (encoding == wav_encoding::float32) samples[2] = 1.5e-20f;
            write_wav(dir / "a.wav", samples, {.sample_rate = 44100, .channels = channels, .encoding = encoding});
            audio::wav_reader in(dir / "a.wav");
            CHECK(in.format().encoding == encoding);
            CHECK(in.format().channels == channels);
            CHECK(in.format().sample_rate == 44100);
            CHECK(in.frames() == 5000);
            auto const read = read_wav(dir / "a.wav");
            CHECK(read == samples);
            write_wav(dir / "b.wav", read, in.format());
            CHECK(bytes_of(dir / "a.wav") == bytes_of(dir / "b.wav"));
        }
}

TEST_CASE("a float WAV carries no time of day") {
    folder dir;
    write_wav(dir / "a.wav", noise(100), {.encoding = wav_encoding::float32});
    auto const bytes = bytes_of(dir / "a.wav");
    CHECK(std::string(bytes.begin(), bytes.end()).find("PEAK") == std::string::npos);
}

TEST_CASE("integer encodings round to the nearest, clip, and make silence of what is no number") {
    folder dir;
    write_wav(dir / "a.wav",
              {2.0f, -2.0f, 1.0f, std::numeric_limits<float>::quiet_NaN(), 0.6f / 32768, -0.6f / 32768,
               std::numeric_limits<float>::infinity()},
              {.encoding = wav_encoding::pcm16});
    constexpr float top = 32767.0f / 32768.0f, unit = 1.0f / 32768.0f;
    CHECK(read_wav(dir / "a.wav") == std::vector<float>{top, -1, top, 0, unit, -unit, top});
}

TEST_CASE("each way in which a WAV can be missing or broken has its sentence") {
    folder dir;
    auto const open = [&](std::string const& path) { return refusal([&] { audio::wav_reader{path}; }); };
    CHECK(open(dir / "none.wav") == "cannot open '" + (dir / "none.wav") + "': No such file or directory");
    CHECK(open(dir / ".") == "'" + (dir / ".") + "' is not a WAV file: it is no regular file");

    write_bytes(dir / "text.wav", {'h', 'e', 'l', 'l', 'o'});
    CHECK(open(dir / "text.wav") == "'" + (dir / "text.wav") + "' is not a WAV file");
    write_bytes(dir / "empty.wav", {});
    CHECK(open(dir / "empty.wav") == "'" + (dir / "empty.wav") + "' is not a WAV file");

    write_wav(dir / "whole.wav", noise(1000), {.encoding = wav_encoding::pcm16});
    auto const whole = bytes_of(dir / "whole.wav");
    REQUIRE(whole.size() == 44 + 2000);
    CHECK(open(dir / "whole.wav") == "accepted");

    write_bytes(dir / "cut.wav", {whole.begin(), whole.begin() + 1044});
    CHECK(open(dir / "cut.wav") ==
          "'" + (dir / "cut.wav") + "' is truncated: its header promises 2000 bytes of samples, it holds 1000");
    for (std::size_t const length : {13u, 20u, 36u, 40u}) {
        write_bytes(dir / "head.wav", {whole.begin(), whole.begin() + static_cast<long>(length)});
        CHECK(open(dir / "head.wav") == "'" + (dir / "head.wav") + "' is truncated: it ends before its samples");
    }
    auto odd = whole;
    odd[20] = 0x55;  // an encoding that nobody knows
    odd[21] = 0x44;
    write_bytes(dir / "odd.wav", odd);
    CHECK(open(dir / "odd.wav").find("cannot read '" + (dir / "odd.wav") + "' as WAV: ") == 0);
}

TEST_CASE("every prefix and many corruptions of a WAV end in a sentence or in samples, never in a crash") {
    folder dir;
    write_wav(dir / "whole.wav", noise(200), {.encoding = wav_encoding::pcm16});
    auto const whole = bytes_of(dir / "whole.wav");
    auto const look = [&](std::vector<char> const& bytes) {
        write_bytes(dir / "x.wav", bytes);
        return refusal([&] {
            audio::wav_reader r(dir / "x.wav");
            std::vector<float> part(64 * r.format().channels);
            while (r.read(part) == 64) {
            }
        });
    };
    for (std::size_t length = 0; length < whole.size(); length += 3)
        CHECK(look({whole.begin(), whole.begin() + static_cast<long>(length)}) != "accepted");
    for (std::size_t at = 0; at < 44; ++at)
        for (int const value : {0x00, 0x7f, 0xff}) {
            auto broken = whole;
            broken[at] = static_cast<char>(value);
            look(broken);
        }
}

TEST_CASE("what cannot be written says so") {
    folder dir;
    CHECK(refusal([&] { audio::wav_writer(dir / "no/such/folder.wav", {}); }) ==
          "cannot write '" + (dir / "no/such/folder.wav") + "': No such file or directory");
    CHECK(refusal([&] { audio::wav_writer(dir / "x.wav", {.channels = 0}); }) ==
          "cannot write '" + (dir / "x.wav") + "': no WAV has 0 channels at 48000 Hz");
    audio::wav_writer closed(dir / "closed.wav", {});
    closed.close();
    closed.close();
    CHECK(refusal([&] { closed.write(std::vector<float>(1)); }) ==
          "cannot write '" + (dir / "closed.wav") + "': it is closed");
    if (std::filesystem::exists("/dev/full")) {
        auto const fill = [] {
            audio::wav_writer w("/dev/full", {});
            w.write(noise(100000));
            w.close();
        };
        CHECK(refusal(fill).find("cannot write '/dev/full': ") == 0);
    }
}
