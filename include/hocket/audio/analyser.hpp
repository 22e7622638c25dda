// A spectrum analyser: an AsyncThread transforms what comes in, window by window, for panels and for the patch.
//
// Input 0: audio. Output 0: the pitch of the strongest frequency, volts per octave, 0 V at 440 Hz, as an oscillator
// takes it; output 1: its amplitude, so that a sine of amplitude 1 gives 1. Below -80 dB the pitch stays where it was.
// Windows overlap by half and are weighted by Hann's function. Both outputs and spectrum() are of the newest window
// that has been transformed: they come half a window and a tick of the AsyncThread after the middle of what they tell
// of.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <hocket/audio/async_thread.hpp>
#include <hocket/audio/module.hpp>
#include <hocket/audio/spsc_ring.hpp>
#include <hocket/detail/config.hpp>
#include <hocket/mutex.hpp>
#include <memory>
#include <span>
#include <vector>

namespace hocket::inline HOCKET_ABI::audio {

class HOCKET_API analyser final : public module {
public:
    // `window` in samples: more of it tells frequencies apart that are closer, later. Throws std::invalid_argument
    // unless that is a power of two from 64 to 65536, std::bad_alloc. [control]
    explicit analyser(std::size_t window = 2048);
    ~analyser() override;

    void update() override;
    void set_samplerate(float rate) override { rate_ = rate; }
    void set_param(int, float) override {}
    void set_input(int jack, float value) override;
    float get_output(int jack) const override;
    void mark_all_inputs_unpatched() override { in_ = 0; }
    void mark_input_unpatched(int jack) override { set_input(jack, 0); }
    // Display 0: the strongest frequency, as '440.0 Hz'; nothing before there was any. [any thread but audio]
    std::size_t get_display_text(int display, std::span<char> text) override;
    module_shape shape() const noexcept override { return {1, 2, 0}; }

    // Frequencies that are told apart: number i is i * sample rate / window Hz. [any thread]
    std::size_t bins() const noexcept { return window_ / 2 + 1; }
    // Copies the amplitudes of the newest window, as many as `to` takes, and returns how many. [any thread but audio]
    std::size_t spectrum(std::span<float> to) const;
    // The strongest frequency in Hz, between bins where it lies there, and its amplitude. [any thread]
    float peak_frequency() const noexcept { return peak_.load(std::memory_order_relaxed).frequency; }
    float peak_amplitude() const noexcept { return peak_.load(std::memory_order_relaxed).amplitude; }
    // Windows transformed; half windows for which the ring had no room. [any thread]
    std::uint64_t windows() const noexcept { return windows_.load(std::memory_order_acquire); }
    std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

private:
    struct transformer;
    struct peak {
        float frequency;  // Hz; 0: there was none yet
        float amplitude;
    };

    void analyse();
    peak strongest() const noexcept;

    std::size_t const window_;

    // The audio thread's.
    float in_ = 0;
    std::array<float, 2> out_{};
    std::vector<float> half_;  // of the window that is coming in
    std::size_t filled_ = 0;
    float told_ = 0;  // the frequency that out_ tells
    spsc_ring<float> ring_;
    std::atomic<std::uint64_t> lost_{0};  // the audio thread alone writes this

    // The action's.
    float rate_ = 48000;  // written while neither runs
    std::unique_ptr<transformer> transformer_;

    std::atomic<peak> peak_{peak{0, 0}};  // the action alone writes these two
    std::atomic<std::uint64_t> windows_{0};
    mutable mutex guard_;
    std::vector<float> amplitudes_;  // of the newest window; written by the action, under guard_
    async_thread worker_;            // last: its destructor waits for the action that uses all of the above
};

}  // namespace hocket::inline HOCKET_ABI::audio
