// A looper: records its input into memory, plays that in a loop, overdubs it; loads a loop from a WAV and saves it to
// one.
//
// Inputs 0, 1: audio, left and right; without a cable in 1 the right is the left. Input 2: record gate; input 3:
// overdub gate. Outputs 0, 1: the loop. Knobs: 0 record; 1 play, at first 1; 2 overdub; 3 level, 0 .. 1, at first 1; 4
// load; 5 save. A knob is on at 0.5 or above, a gate above 0.5; either of knob and gate is enough. Record: from its
// beginning to its end, or until the memory is full, a new loop is recorded in place of the old one; then it plays from
// its first frame. Play off: silence, and the next playing begins at the first frame. Overdub: what comes in is added
// to what is played. Load and save are asked for when their knob goes on. Memory is allocated, filled from files,
// written to files and freed by an AsyncThread: until it has given some, nothing is recorded. A loaded loop takes the
// place of the one that is there when it is complete. While a loop is being saved it plays on and is not changed:
// recording and overdubbing wait. A save waits until recording has ended. There is no resampling: one frame of a file
// is one sample of the engine.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <exception>
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

class HOCKET_API looper final : public module {
public:
    static constexpr unsigned channels = 2;

    // An empty loop with room for `seconds`. Throws std::invalid_argument outside 0.001 .. 3600. [control]
    explicit looper(double seconds = 60);
    // Saves first what was asked to be saved; what fails then is in the log. [control]
    ~looper() override;

    void update() override;
    void set_samplerate(float rate) override { rate_ = rate; }
    void set_param(int param, float value) override;
    float get_param(int param) const override;
    void set_input(int jack, float value) override;
    float get_output(int jack) const override;
    void mark_all_inputs_unpatched() override;
    void mark_input_unpatched(int jack) override;
    void mark_input_patched(int jack) override;
    // The state is the path of the file that holds the loop. If it is there it is loaded; if not, it is where the loop
    // will be saved. Throws wav_error when it is there and is no WAV with at most two channels. [control]
    void load_state(std::string_view path) override;
    std::string save_state() override;
    module_shape shape() const noexcept override { return {4, static_cast<int>(channels), 6}; }

    // Asks for a loop to be loaded from the file, and returns at once; when that has succeeded the file is the state.
    // [any thread but audio]
    void load(std::string path);
    // Asks for the loop to be saved to the file, which is replaced when the new one is complete, and returns at once;
    // when that has succeeded the file is the state. [any thread but audio]
    void save(std::string path);

    // Frames of the loop, 0 while there is none. [any thread]
    std::uint64_t frames() const noexcept { return frames_.load(std::memory_order_relaxed); }
    // Loops loaded; loops saved. [any thread]
    std::uint64_t loads() const noexcept { return loads_.load(std::memory_order_relaxed); }
    std::uint64_t saves() const noexcept { return saves_.load(std::memory_order_acquire); }
    // Why a loop could not be loaded or saved, the last time; empty when all went well. [any thread but audio]
    std::string failure() const;

private:
    struct loop {
        std::vector<float> samples;  // interleaved, as many as there is room for
        std::size_t length = 0;      // frames that are played
    };

    bool wants_record() const noexcept { return knobs_[0] >= 0.5f || gates_[0] > 0.5f; }
    bool wants_overdub() const noexcept { return knobs_[2] >= 0.5f || gates_[1] > 0.5f; }
    bool arrange() noexcept;
    void set_length(std::size_t frames) noexcept;
    void work();
    void finish() noexcept;
    void write_loop();
    void read_loop();
    std::unique_ptr<loop> empty_loop() const;
    std::unique_ptr<loop> loop_from(std::string const& path) const;
    template <class F>
    void attempt(F f);

    double const seconds_;
    float rate_ = 48000;

    // The audio thread's.
    std::array<float, channels> in_{};
    std::array<float, channels> out_{};
    std::array<float, 2> gates_{};
    std::array<float, 6> knobs_{0, 1, 0, 1, 0, 0};
    bool stereo_ = false;  // the right input has a cable
    bool armed_ = true;    // record has been off since the last recording began
    bool recording_ = false;
    std::size_t at_ = 0;  // the frame that is next recorded or played

    handover<loop> memory_;
    std::atomic<bool> load_wanted_{false};
    std::atomic<bool> save_wanted_{false};
    std::atomic<bool> frozen_{false};
    loop const* to_save_ = nullptr;  // the audio thread's while not frozen_, the action's while frozen_

    // The action's.
    bool provided_ = false;  // a loop has been offered
    std::exception_ptr thrown_;

    std::atomic<std::uint64_t> frames_{0};  // the audio thread alone writes this
    std::atomic<std::uint64_t> loads_{0};   // the action alone writes these two
    std::atomic<std::uint64_t> saves_{0};
    mutable mutex guard_;  // of the strings
    std::string path_;
    std::string load_from_;  // empty: path_
    std::string save_to_;    // empty: path_
    std::string failure_;
    async_thread worker_;  // last: its destructor waits for the action that uses all of the above
};

}  // namespace hocket::inline HOCKET_ABI::audio
