// Convolves its input with an impulse response from a WAV file: the reverberation of the room it was recorded in.
//
// Input 0: audio. Outputs 0, 1: left and right; of a response with one channel both are the same. Knob 0: mix, from 0,
// only the input, to 1, only the convolution, at first 1; knob 1: level, 0 .. 1, at first 1.
// Everything that comes out, the input too, is late by one partition: latency(). A response is as loud as its file;
// there is no resampling. An AsyncThread reads and transforms it; until that is done, and without one, the convolution
// is silence. One that is loaded while audio runs takes over between two partitions, and the echoes of the old one end.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <hocket/audio/async_thread.hpp>
#include <hocket/audio/handover.hpp>
#include <hocket/audio/module.hpp>
#include <hocket/detail/config.hpp>
#include <hocket/mutex.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::inline HOCKET_ABI::audio {

class HOCKET_API convolver final : public module {
public:
    static constexpr unsigned max_channels = 2;
    // Frames of the longest response, 10 s at 48 kHz; and partitions, whose number is the price of a sample.
    static constexpr std::uint64_t max_frames = 480'000;
    static constexpr std::uint64_t max_partitions = 2048;

    // `partition` in frames: more of it costs less and is later. Throws std::invalid_argument unless that is a power of
    // two from 16 to 16384, std::bad_alloc. [control]
    explicit convolver(std::size_t partition = 256);
    ~convolver() override;

    void update() override;
    void set_samplerate(float) override {}
    void set_param(int param, float value) override;
    float get_param(int param) const override;
    void set_input(int jack, float value) override;
    float get_output(int jack) const override;
    void mark_all_inputs_unpatched() override { in_ = 0; }
    void mark_input_unpatched(int jack) override { set_input(jack, 0); }
    // The state is the path of the response. Throws wav_error when that is no WAV of one or two channels, is empty or
    // too long. [control]
    void load_state(std::string_view path) override;
    std::string save_state() override;
    module_shape shape() const noexcept override { return {1, static_cast<int>(max_channels), 2}; }

    // Asks for a response to be loaded, and returns at once; when that has succeeded the file is the state. [any thread
    // but audio]
    void load(std::string path);

    // Frames by which all that comes out is late. [any thread]
    std::size_t latency() const noexcept { return partition_; }
    // Frames of the response that is being used, 0 while there is none. [any thread]
    std::uint64_t frames() const noexcept { return frames_.load(std::memory_order_relaxed); }
    // Why a response could not be loaded, the last time; empty when all went well. [any thread but audio]
    std::string failure() const;

private:
    struct response;
    struct transformer;

    void prepare();
    void end_partition() noexcept;

    std::size_t const partition_;
    int const shift_;  // its logarithm

    // The audio thread's.
    float in_ = 0;
    float mix_ = 1;
    float level_ = 1;
    std::array<float, max_channels> out_{};
    std::size_t at_ = 0;         // the sample of this partition that is next
    std::vector<float> window_;  // the partition before, and this one
    std::array<std::vector<float>, max_channels> wet_;
    std::unique_ptr<transformer> transformer_;

    handover<response> responses_;
    std::atomic<std::uint64_t> frames_{0};  // the audio thread alone writes this
    mutable mutex guard_;                   // of the strings
    std::string path_;
    std::string wanted_;
    std::string failure_;
    async_thread loader_;  // last: its destructor waits for the action that uses all of the above
};

}  // namespace hocket::inline HOCKET_ABI::audio
