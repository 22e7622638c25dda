// WAV files in and out. Every error is a wav_error with one sentence that names the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/config.hpp>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

namespace hocket::inline HOCKET_ABI::audio {

class HOCKET_API wav_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
    ~wav_error() override;
};

// How samples are stored. A float holds every value of each of these exactly.
enum class wav_encoding : unsigned char { pcm16, pcm24, float32 };

struct wav_format {
    unsigned sample_rate = 48000;  // Hz
    unsigned channels = 1;
    wav_encoding encoding = wav_encoding::float32;
};

class HOCKET_API wav_reader {
public:
    // Opens the file. Throws wav_error: it cannot be opened, is no WAV, or is shorter than its header says. [control]
    explicit wav_reader(std::string path);
    wav_reader(wav_reader&&) noexcept;
    wav_reader& operator=(wav_reader&&) noexcept;
    ~wav_reader();

    // Encodings that no float holds exactly (32-bit integers, double) are read rounded; `encoding` is float32 for all
    // but 16 and 24 bits. [any thread]
    wav_format const& format() const noexcept;
    std::uint64_t frames() const noexcept;
    std::string const& path() const noexcept;

    // Reads up to interleaved.size() / channels frames, full scale 1, and returns how many: fewer only at the end.
    // Throws wav_error when the file has less than it promised. [any thread but audio]
    std::size_t read(std::span<float> interleaved);

private:
    struct implementation;
    std::unique_ptr<implementation> self_;
};

class HOCKET_API wav_writer {
public:
    // Creates or empties the file. Throws wav_error. [control]
    wav_writer(std::string path, wav_format const& format);
    wav_writer(wav_writer&&) noexcept;
    wav_writer& operator=(wav_writer&&) noexcept;
    // Closes; errors are lost: call close().
    ~wav_writer();

    // Writes interleaved.size() / channels frames. Integer encodings round to the nearest and clip; full scale is 1, so
    // what wav_reader read from the same encoding comes out bit for bit. Throws wav_error (no space). [any thread but
    // audio]
    void write(std::span<float const> interleaved);
    // Completes the header and closes. Throws wav_error. [control]
    void close();

private:
    struct implementation;
    std::unique_ptr<implementation> self_;
};

}  // namespace hocket::inline HOCKET_ABI::audio
