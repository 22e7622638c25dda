// Runs a patch: audio on the thread that calls process(), AsyncThreads on the runners.
//
//   engine e;  e.load(p);  e.prepare(48000, 64);  driver thread: e.process(in, out, 64) ...;  e.release();
//
// Control functions may come from any thread but the audio thread and an action of the engine's own modules (from where
// those that pause would wait for themselves: misuse, which ends the program); they exclude each other.
#pragma once

#include <cstdint>
#include <hocket/audio/module.hpp>
#include <hocket/audio/patch.hpp>
#include <hocket/audio/runner_pool.hpp>
#include <hocket/detail/config.hpp>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace hocket::inline HOCKET_ABI::audio {

// A patch that cannot be built; the sentence names patch and module.
class HOCKET_API load_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
    ~load_error() override;
};

// What makes the AsyncThreads tick.
enum class tick_source : unsigned char {
    wall_clock,  // the runners, at 2 kHz
    audio_time,  // tick(), called by a driver for which audio is not real time
};

struct engine_options {
    // Null: runner_pool::shared().
    std::shared_ptr<runner_pool> runners{};
};

struct async_thread_stats {
    unsigned module = 0;  // its number in the patch
    std::string name;     // of module and thread
    std::uint64_t calls = 0;
    std::uint64_t failures = 0;
    bool enabled = false;
};

// Counts since the patch was loaded.
struct engine_stats {
    std::uint64_t frames = 0;
    std::uint64_t blocks = 0;
    std::uint64_t async_calls = 0;
    std::uint64_t async_failures = 0;
    std::vector<async_thread_stats> async_threads;
};

class HOCKET_API engine {
public:
    // Ticks per second of audio time.
    static constexpr unsigned tick_rate = 2000;

    // Throws what runner_pool's constructor throws. [control]
    explicit engine(engine_options options = {});
    engine(engine const&) = delete;
    engine& operator=(engine const&) = delete;
    // Unloads. process() is not running and will not be called. [control]
    ~engine();

    // Builds the patch in place of the one that was there; audio pauses meanwhile. Throws load_error when a module
    // cannot be built, std::invalid_argument when a cable or knob names what its module does not have; then no patch is
    // loaded. [control]
    void load(patch const& p);
    // Waits for running actions, destroys the modules, last one first. [control]
    void unload();

    // Audio may begin: tells the modules the sample rate and lets the actions run. Throws std::invalid_argument for a
    // sample rate outside 1 .. 1,000,000 or a block of 0. [control]
    void prepare(unsigned sample_rate, unsigned max_block, tick_source ticks = tick_source::wall_clock);
    // Audio has ended: waits for running actions. [control]
    void release();

    // Mutes: process() writes silence from now on. Returns when no block and no action is running any more; one that
    // takes longer than a second is named in the log. [control]
    void pause();
    // Ends a pause. [control]
    void resume();

    // One block of 0 .. max_block frames, from the driver's thread. Channels that the patch has and the caller has not
    // are read as 0; those that the patch has not are cleared. Null channels are skipped. [audio]
    void process(std::span<float const* const> inputs, std::span<float* const> outputs, unsigned frames) noexcept;

    // Runs what is due, one action at a time, in the order of modules, then of construction; returns when all have
    // completed. For tick_source::audio_time; does nothing otherwise, or when paused. [control]
    void tick();

    // Frames processed since the patch was loaded: audio time. [any thread]
    std::uint64_t now() const noexcept;
    // As given to prepare(). [control]
    unsigned sample_rate() const noexcept;

    unsigned panel_inputs() const noexcept;   // [control]
    unsigned panel_outputs() const noexcept;  // [control]

    // Module `number` of the loaded patch; 0 is the panel. Throws std::out_of_range. [control]
    module& at(unsigned number) const;
    // The same as an M. Throws std::bad_cast.
    template <class M>
    M& at(unsigned number) const {
        return dynamic_cast<M&>(at(number));
    }

    engine_stats stats() const;  // [control]

private:
    class implementation;
    std::unique_ptr<implementation> self_;
};

}  // namespace hocket::inline HOCKET_ABI::audio
