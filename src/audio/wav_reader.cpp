// WAV in, by libsndfile.
#include <sndfile.h>

#include <hocket/audio/wav.hpp>
#include <utility>

#include "audio/riff.hpp"

namespace hocket::inline HOCKET_ABI::audio {

wav_error::~wav_error() = default;

struct wav_reader::implementation {
    explicit implementation(std::string p) : path(std::move(p)) {}
    implementation(implementation const&) = delete;
    implementation& operator=(implementation const&) = delete;
    ~implementation() {
        if (file != nullptr) sf_close(file);
    }

    std::string const path;
    SNDFILE* file = nullptr;
    wav_format format;
    std::uint64_t frames = 0;
    std::uint64_t read = 0;
};

static wav_encoding encoding_of(int format) noexcept {
    switch (format & SF_FORMAT_SUBMASK) {
        case SF_FORMAT_PCM_16: return wav_encoding::pcm16;
        case SF_FORMAT_PCM_24: return wav_encoding::pcm24;
        default: return wav_encoding::float32;
    }
}

wav_reader::wav_reader(std::string path) : self_(std::make_unique<implementation>(std::move(path))) {
    implementation& s = *self_;
    detail::check_riff(s.path);
    SF_INFO info{};
    s.file = sf_open(s.path.c_str(), SFM_READ, &info);
    if (s.file == nullptr) throw wav_error("cannot read '" + s.path + "' as WAV: " + sf_strerror(nullptr));
    if (info.channels < 1 || info.samplerate < 1 || info.frames < 0)
        throw wav_error("'" + s.path + "' is not a WAV file that can be played: its header makes no sense");
    s.format = {static_cast<unsigned>(info.samplerate), static_cast<unsigned>(info.channels), encoding_of(info.format)};
    s.frames = static_cast<std::uint64_t>(info.frames);
}

wav_reader::wav_reader(wav_reader&&) noexcept = default;
wav_reader& wav_reader::operator=(wav_reader&&) noexcept = default;
wav_reader::~wav_reader() = default;

wav_format const& wav_reader::format() const noexcept { return self_->format; }
std::uint64_t wav_reader::frames() const noexcept { return self_->frames; }
std::string const& wav_reader::path() const noexcept { return self_->path; }

std::size_t wav_reader::read(std::span<float> interleaved) {
    implementation& s = *self_;
    auto const wanted = static_cast<sf_count_t>(interleaved.size() / s.format.channels);
    auto const got = static_cast<std::size_t>(sf_readf_float(s.file, interleaved.data(), wanted));
    s.read += got;
    if (std::cmp_less(got, wanted) && s.read < s.frames)
        throw wav_error("'" + s.path + "' ended after " + std::to_string(s.read) + " of " + std::to_string(s.frames) +
                        " frames");
    return got;
}

}  // namespace hocket::inline HOCKET_ABI::audio
