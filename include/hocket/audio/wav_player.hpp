// Streams a WAV file: an AsyncThread reads it ahead into a ring, update() takes one frame of it per sample.
//
// Outputs: one per channel of the file, full scale 1. There is no resampling: one frame of the file is one sample of
// the engine. A frame that is not there in time is an underrun: silence, counted; the file goes on where it stopped, so
// that no frame of it is lost. Silence before the first frame has arrived is counted apart, as preroll.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <hocket/audio/async_thread.hpp>
#include <hocket/audio/module.hpp>
#include <hocket/audio/spsc_ring.hpp>
#include <hocket/audio/wav.hpp>
#include <hocket/detail/config.hpp>
#include <hocket/mutex.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace hocket::inline HOCKET_ABI::audio {

class HOCKET_API wav_player final : public module {
public:
    static constexpr unsigned max_channels = 8;

    // Frames read ahead unless told otherwise: two thirds of a second at 48 kHz.
    static constexpr std::size_t default_buffer = 32768;

    // Plays nothing until load_state() names a file. [control]
    wav_player();
    // Plays the file, reading up to `buffer` frames ahead. Throws wav_error. [control]
    explicit wav_player(std::string path, std::size_t buffer = default_buffer);
    ~wav_player() override;

    void update() override;
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int jack) const override;
    // The state is the path of the file. Throws wav_error. [control]
    void load_state(std::string_view path) override;
    std::string save_state() override;
    module_shape shape() const noexcept override { return {0, static_cast<int>(max_channels), 0}; }

    // Of the file; empty when there is none. [control]
    std::optional<wav_format> format() const;
    std::uint64_t frames() const noexcept { return total_; }

    // True when the ring has been filled for the first time, or there is nothing to read. [any thread]
    bool ready() const noexcept;
    // True when all that can be read has been played. [any thread]
    bool finished() const noexcept;
    // Frames played; silent ones in between; silent ones before the first. [any thread]
    std::uint64_t played() const noexcept { return played_.load(std::memory_order_relaxed); }
    std::uint64_t underruns() const noexcept { return underruns_.load(std::memory_order_relaxed); }
    std::uint64_t preroll() const noexcept { return preroll_.load(std::memory_order_relaxed); }
    // Why reading ended early; empty when it did not. [control]
    std::string failure() const;

private:
    void open(std::string path);
    void fill();

    std::size_t const buffer_;  // frames
    std::optional<wav_reader> reader_;
    std::optional<spsc_ring<float>> ring_;  // interleaved
    unsigned channels_ = 0;
    std::uint64_t total_ = 0;                  // frames of the file
    std::uint64_t loaded_ = 0;                 // frames read so far; the action's
    std::atomic<bool> ready_{true};
    std::atomic<bool> ended_{true};            // nothing more will be written to the ring
    std::atomic<bool> finished_{true};
    std::atomic<std::uint64_t> played_{0};     // the audio thread alone writes these three
    std::atomic<std::uint64_t> underruns_{0};
    std::atomic<std::uint64_t> preroll_{0};
    std::array<float, max_channels> out_{};
    mutable mutex failure_guard_;
    std::string failure_;
    async_thread loader_;  // last: its destructor waits for the action that uses all of the above
};

}  // namespace hocket::inline HOCKET_ABI::audio
