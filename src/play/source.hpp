// Brings a WAV to the panel's inputs: a ring between the one who reads the file and the audio thread.
//
// A frame that is not there in time is an underrun: silence, counted; the file goes on where it stopped, so that no
// frame of it is lost. After its end there is silence. Memory order: ended_ is released after the last frames were
// written to the ring, and acquired before it is found empty.
#pragma once

#include <atomic>
#include <cstdint>
#include <hocket/audio/spsc_ring.hpp>
#include <hocket/audio/wav.hpp>
#include <span>
#include <vector>

namespace play {

class source {
public:
    // The ring holds at least `room` frames.
    source(hocket::audio::wav_reader file, unsigned room);

    // A channel of the file for each input, as far as there are; the other inputs are left alone. [audio]
    void capture(std::span<float* const> inputs, unsigned frames) noexcept;

    // Reads as far as there is room. Throws wav_error. [control, one thread]
    void fill();

    // Frames that were not there in time. [any thread]
    std::uint64_t underruns() const noexcept { return underruns_.load(std::memory_order_relaxed); }

private:
    hocket::audio::wav_reader file_;
    hocket::audio::spsc_ring<float> ring_;  // interleaved
    std::uint64_t left_;                    // frames to be read
    std::vector<float> frame_;              // the audio thread's
    std::vector<float> chunk_;
    std::atomic<bool> ended_{false};  // nothing more will be written to the ring
    std::atomic<std::uint64_t> underruns_{0};
};

}  // namespace play
