// Records into WAV files: update() puts frames into a ring, an AsyncThread writes them to the disk.
//
// Inputs 0 .. 7: audio, full scale 1; input 8: gate. Knob 0: record, at first 0. Output 0: 1 while a file is being
// written, else 0: it rises when the disk has the file, not when it was asked for.
// A take lasts while the knob is at 0.5 or above or the gate is above 0.5. It has as many channels as the highest input
// with a cable, at least one, and float samples. The first take goes to the file that the state names, the next ones of
// the same load to NAME-2.wav, NAME-3.wav ...; so does the rest of a take that a WAV (4 GiB) has no room for. Files of
// these names are replaced. A file is complete when the take has ended, and at the latest when the module is destroyed.
// A frame for which the ring has no room is lost: left out, and counted. When a file cannot be written, failure() says
// why, the rest of that file's take is lost, and the next take tries anew.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <exception>
#include <hocket/audio/async_thread.hpp>
#include <hocket/audio/module.hpp>
#include <hocket/audio/spsc_ring.hpp>
#include <hocket/audio/wav.hpp>
#include <hocket/detail/config.hpp>
#include <hocket/mutex.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hocket::inline HOCKET_ABI::audio {

struct recorder_options {
    // Frames of eight channels that wait for the disk, two thirds of a second at 48 kHz; of fewer channels up to 4.5
    // times as many.
    std::size_t buffer = 32768;
    // Bytes of samples in one file. A WAV's header counts to 4 GiB, itself included.
    std::uint64_t file_size = 0xFFFF0000;
};

class HOCKET_API recorder final : public module {
public:
    static constexpr unsigned max_channels = 8;

    // Records nothing until load_state() names a file. Throws std::bad_alloc. [control]
    recorder();
    // Records into `path`. Throws std::bad_alloc; std::invalid_argument for a buffer of less than 16 frames or a file
    // of less than one. [control]
    explicit recorder(std::string path, recorder_options const& options = {});
    // Writes what is in the ring and completes the file; what fails then is in the log. [control]
    ~recorder() override;

    void update() override;
    void set_samplerate(float rate) override;
    void set_param(int param, float value) override;
    float get_param(int param) const override;
    void set_input(int jack, float value) override;
    float get_output(int jack) const override;
    void mark_all_inputs_unpatched() override;
    void mark_input_unpatched(int jack) override;
    void mark_input_patched(int jack) override;
    // The state is the path. A take that is under way ends in its own file; counts and failure start anew. [control]
    void load_state(std::string_view path) override;
    std::string save_state() override;
    module_shape shape() const noexcept override { return {static_cast<int>(max_channels) + 1, 1, 1}; }

    // True while a file is open: from when the disk has it until it is complete. [any thread]
    bool recording() const noexcept { return open_.load(std::memory_order_acquire); }
    // Frames in files; frames lost. [any thread]
    std::uint64_t written() const noexcept { return written_.load(std::memory_order_relaxed); }
    std::uint64_t lost() const noexcept {
        return overrun_.load(std::memory_order_relaxed) + unwritten_.load(std::memory_order_relaxed);
    }
    // Files that were begun. [any thread]
    std::uint64_t files() const noexcept { return files_.load(std::memory_order_relaxed); }
    // Why a file could not be written, the last time; empty when all went well. [any thread but audio]
    std::string failure() const;

private:
    unsigned patched_channels() const noexcept;
    void drain(std::span<float> batch);
    void write(std::span<float const> frames);
    void open();
    void close();
    void failed(std::exception const& why);
    void finish() noexcept;

    recorder_options const options_;
    std::string path_;  // written while neither update() nor the action runs

    // The audio thread's.
    std::array<float, max_channels> in_{};
    float gate_ = 0;
    float knob_ = 0;
    float light_ = 0;
    std::array<bool, max_channels> patched_{};
    float rate_ = 48000;
    bool taking_ = false;  // a take's beginning is in the ring, its end is not
    bool ending_ = false;  // its end is to be put there as soon as there is room
    unsigned channels_ = 1;
    std::size_t unasked_ = 0;  // samples in the ring since the writer was last asked

    spsc_ring<float> ring_;

    // The action's.
    std::optional<wav_writer> file_;
    wav_format format_;
    std::uint64_t in_file_ = 0;  // frames
    std::exception_ptr thrown_;

    std::atomic<bool> open_{false};
    std::atomic<std::uint64_t> files_{0};  // the action alone writes these three
    std::atomic<std::uint64_t> written_{0};
    std::atomic<std::uint64_t> unwritten_{0};
    std::atomic<std::uint64_t> overrun_{0};  // the audio thread alone writes this
    mutable mutex failure_guard_;
    std::string failure_;
    async_thread writer_;  // last: its destructor waits for the action that uses all of the above
};

}  // namespace hocket::inline HOCKET_ABI::audio
