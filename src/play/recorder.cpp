// From channels to interleaved frames to a file.
#include "recorder.hpp"

#include <algorithm>
#include <bit>

namespace play {

recorder::recorder(unsigned channels, std::uint64_t skip, std::uint64_t frames, unsigned room)
    : channels_(channels),
      skip_(skip),
      keep_(frames),
      ring_(std::size_t{room} * channels),
      frame_(channels),
      chunk_(std::size_t{1024} * channels) {}

void recorder::play(std::span<float const* const> outputs, unsigned frames) noexcept {
    for (unsigned i = 0; i < frames; ++i) {
        if (skip_ > 0) {
            --skip_;
            continue;
        }
        if (keep_ == 0) return;
        --keep_;
        for (unsigned c = 0; c < channels_; ++c) frame_[c] = outputs[c][i];
        if (!ring_.write(frame_)) lost_.fetch_add(1, std::memory_order_relaxed);
    }
}

void recorder::drain(hocket::audio::wav_writer* to) {
    for (;;) {
        std::size_t const n = std::min(ring_.size() / channels_ * channels_, chunk_.size());
        if (n == 0) return;
        std::span<float> const part(chunk_.data(), n);
        ring_.read(part);
        for (float const sample : part) {
            auto const bits = std::bit_cast<std::uint32_t>(sample);
            for (int shift = 0; shift < 32; shift += 8) {
                checksum_ ^= (bits >> shift) & 0xff;
                checksum_ *= 0x100000001b3;
            }
        }
        if (to != nullptr) to->write(part);
        written_ += n / channels_;
    }
}

}  // namespace play
