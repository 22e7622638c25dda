// Takes what is played to a WAV: a ring between the audio thread and the one who writes the file.
#pragma once

#include <atomic>
#include <cstdint>
#include <hocket/audio/spsc_ring.hpp>
#include <hocket/audio/wav.hpp>
#include <span>
#include <vector>

namespace play {

class recorder {
public:
    // Leaves out the first `skip` frames, then keeps `frames`. The ring holds at least `room` frames.
    recorder(unsigned channels, std::uint64_t skip, std::uint64_t frames, unsigned room);

    // A channel for each output. [audio]
    void play(std::span<float const* const> outputs, unsigned frames) noexcept;

    // Takes what has arrived, and writes it, if there is where to. Throws wav_error. [control, one thread]
    void drain(hocket::audio::wav_writer* to);

    // Frames that found no room, and are missing in the file. [any thread]
    std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }
    // Frames taken, and FNV-1a over their floats. [control]
    std::uint64_t written() const noexcept { return written_; }
    std::uint64_t checksum() const noexcept { return checksum_; }

private:
    unsigned const channels_;
    std::uint64_t skip_;                    // the audio thread's
    std::uint64_t keep_;                    // likewise
    hocket::audio::spsc_ring<float> ring_;  // interleaved
    std::vector<float> frame_;
    std::vector<float> chunk_;
    std::atomic<std::uint64_t> lost_{0};
    std::uint64_t written_ = 0;
    std::uint64_t checksum_ = 0xcbf29ce484222325;
};

}  // namespace play
