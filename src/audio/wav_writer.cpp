// WAV out, by libsndfile.
#include <sndfile.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <hocket/audio/wav.hpp>
#include <system_error>
#include <utility>

namespace hocket::inline HOCKET_ABI::audio {

struct wav_writer::implementation {
    implementation(std::string p, wav_format const& f) : path(std::move(p)), format(f) {}
    implementation(implementation const&) = delete;
    implementation& operator=(implementation const&) = delete;
    ~implementation() {
        if (file != nullptr) sf_close(file);
    }

    std::string const path;
    wav_format const format;
    SNDFILE* file = nullptr;
};

static int subtype(wav_encoding e) noexcept {
    switch (e) {
        case wav_encoding::pcm16: return SF_FORMAT_PCM_16;
        case wav_encoding::pcm24: return SF_FORMAT_PCM_24;
        case wav_encoding::float32: return SF_FORMAT_FLOAT;
    }
    return 0;
}

// libsndfile takes integers left-justified in 32 bits. Its own conversion from float scales by 32767 on the way out and
// by 1/32768 on the way in; this one is the exact inverse of the latter.
static int quantised(float sample, int bits) noexcept {
    double const full = std::ldexp(1.0, bits - 1);
    double const scaled = std::isnan(sample) ? 0 : std::nearbyint(static_cast<double>(sample) * full);
    return static_cast<int>(std::clamp(scaled, -full, full - 1)) * (1 << (32 - bits));
}

wav_writer::wav_writer(std::string path, wav_format const& format)
    : self_(std::make_unique<implementation>(std::move(path), format)) {
    implementation& s = *self_;
    SF_INFO info{};
    info.samplerate = static_cast<int>(format.sample_rate);
    info.channels = static_cast<int>(format.channels);
    info.format = SF_FORMAT_WAV | subtype(format.encoding);
    if (!sf_format_check(&info))
        throw wav_error("cannot write '" + s.path + "': no WAV has " + std::to_string(format.channels) +
                        " channels at " + std::to_string(format.sample_rate) + " Hz");
    // Opened here first, because libsndfile does not say why it could not.
    if (std::FILE* const probe = std::fopen(s.path.c_str(), "wb"))
        std::fclose(probe);
    else
        throw wav_error("cannot write '" + s.path + "': " + std::generic_category().message(errno));
    s.file = sf_open(s.path.c_str(), SFM_WRITE, &info);
    if (s.file == nullptr) throw wav_error("cannot write '" + s.path + "': " + sf_strerror(nullptr));
    // The PEAK chunk carries the time of day; without it the same samples are the same bytes.
    sf_command(s.file, SFC_SET_ADD_PEAK_CHUNK, nullptr, SF_FALSE);
}

wav_writer::wav_writer(wav_writer&&) noexcept = default;
wav_writer& wav_writer::operator=(wav_writer&&) noexcept = default;
wav_writer::~wav_writer() = default;

void wav_writer::write(std::span<float const> interleaved) {
    implementation& s = *self_;
    auto const require = [&](sf_count_t written, std::size_t wanted) {
        if (written != static_cast<sf_count_t>(wanted))
            throw wav_error("cannot write '" + s.path + "': " + sf_strerror(s.file));
    };
    if (s.file == nullptr) throw wav_error("cannot write '" + s.path + "': it is closed");
    if (s.format.encoding == wav_encoding::float32) {
        require(sf_write_float(s.file, interleaved.data(), static_cast<sf_count_t>(interleaved.size())),
                interleaved.size());
        return;
    }
    int const bits = s.format.encoding == wav_encoding::pcm16 ? 16 : 24;
    // Whole frames at a time: libsndfile refuses parts of one.
    std::array<int, 2048> buffer;
    std::size_t const most = std::max<std::size_t>(buffer.size() / s.format.channels, 1) * s.format.channels;
    while (!interleaved.empty()) {
        std::size_t const n = std::min({most, buffer.size(), interleaved.size()});
        for (std::size_t i = 0; i < n; ++i) buffer[i] = quantised(interleaved[i], bits);
        require(sf_write_int(s.file, buffer.data(), static_cast<sf_count_t>(n)), n);
        interleaved = interleaved.subspan(n);
    }
}

void wav_writer::close() {
    implementation& s = *self_;
    if (s.file == nullptr) return;
    int const error = sf_close(std::exchange(s.file, nullptr));
    if (error != 0) throw wav_error("cannot write '" + s.path + "': " + sf_error_number(error));
}

}  // namespace hocket::inline HOCKET_ABI::audio
