// Runs a patch: audio on the thread that calls process(), AsyncThreads on the runners.
//
//   engine e;  e.load(p);  e.prepare(48000, 64);  driver thread: e.process(in, out, 64) ...;  e.release();
//
// Control functions may come from any thread but the audio thread and an action of the engine's own modules (from where
// those that pause would wait for themselves: misuse, which ends the program); they exclude each other.
#pragma once

#include <chrono>
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

// The class of the thread that calls process(), on which that of the runners depends.
enum class audio_class : unsigned char { unknown, ordinary, realtime };

struct async_thread_stats {
    unsigned module = 0;  // its number in the patch
    std::string name;     // of module and thread
    std::uint64_t calls = 0;
    std::uint64_t failures = 0;
    bool enabled = false;
    std::chrono::nanoseconds run{};             // executing, all calls together; what is suspended does not execute
    std::chrono::nanoseconds longest_run{};     // of one call
    std::uint64_t overruns = 0;                 // calls that executed for more than 2 ms
    std::chrono::nanoseconds mean_period{};     // from the beginning of one call to that of the next, while it is enabled
    std::chrono::nanoseconds longest_period{};
};

struct module_stats {
    unsigned module = 0;  // its number in the patch
    std::string name;
    double load = 0;      // the part of real time that its update() takes, by samples: each block times one module
};

// Counts since the patch was loaded.
struct engine_stats {
    std::uint64_t frames = 0;
    std::uint64_t blocks = 0;
    double load = 0;          // the part of real time that process() takes,
    double highest_load = 0;  // and the highest in one block
    std::uint64_t xruns = 0;  // that drivers have reported
    std::uint64_t async_calls = 0;
    std::uint64_t async_failures = 0;
    std::vector<module_stats> modules;  // the panel apart
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
    // Makes the patch that is loaded this one, while audio runs. Modules that both have stay as they are: those that came by
    // the same call of patch::add(), replace() or set_state(). So what is loaded is to be changed in a copy. New modules are
    // built first; then, between two blocks, the audio thread takes everything over at once, knobs that stand otherwise in
    // `p` included; then those that are gone are destroyed, after their running actions. Where no patch is loaded, as
    // load().
    // Throws as load(), and then nothing has changed. [control]
    void apply(patch const& p);
    // What is loaded; one without modules and a name when nothing is. Throws std::bad_alloc. [control]
    patch current() const;
    // Waits for running actions, destroys the modules, last one first. One that sleeps in audio time sleeps for the rest by
    // the real clock; so it is whenever audio stops. [control]
    void unload();

    // Audio may begin: tells the modules the sample rate and lets the actions run. Throws std::invalid_argument for a
    // sample rate outside 1 .. 1,000,000 or a block of 0, and what a module throws that cannot have this rate: then all are
    // told the rate before, and the engine goes on as it was, or is released if that fails too. [control]
    void prepare(unsigned sample_rate, unsigned max_block, tick_source ticks = tick_source::wall_clock);
    // Audio has ended: waits for running actions. Misuse in one of them, as are the calls above and pause(). [control]
    void release();

    // process() writes silence from now on, and no action begins. Waits for other control calls and for the block that is
    // being processed, and then no longer than `patience` for the actions that are running: returns the names of those that
    // run even then. [control]
    std::vector<std::string> pause(std::chrono::nanoseconds patience = std::chrono::nanoseconds::max());
    // Ends a pause. [control]
    void resume();

    // While muted, process() writes silence; modules and actions go on. [any thread]
    void mute(bool on) noexcept;
    bool muted() const noexcept;

    // Turns a knob of module `module`, or puts a value into an input, where a cable's next one replaces it: at the
    // beginning of the next block, by the audio thread, so never while the module is updated. Of values set in between the
    // latest counts. Throws std::out_of_range when there is no such module, std::invalid_argument when it has no such knob
    // or jack, or the value is not within 0 and 1 (a knob), or not finite. [any thread but audio]
    void set_param(unsigned module, int param, float value);
    void set_input(unsigned module, int jack, float value);

    // One block of 0 .. max_block frames, from the driver's thread. Channels that the patch has and the caller has not
    // are read as 0; those that the patch has not are cleared. Null channels are skipped. [audio]
    void process(std::span<float const* const> inputs, std::span<float* const> outputs,
                 unsigned frames) noexcept HOCKET_NONBLOCKING;

    // Runs what is due, one action at a time, in the order of modules, then of construction; returns when all have
    // completed. For tick_source::audio_time; does nothing otherwise, or when paused. [control]
    void tick();

    // For drivers. What thread calls process(); until release(). [any thread]
    void set_audio_class(audio_class c) noexcept;
    // One more xrun. [any thread]
    void report_xrun() noexcept;

    // Frames processed since the patch was loaded: audio time. [any thread]
    std::uint64_t now() const noexcept HOCKET_NONBLOCKING;
    // As given to prepare(). [control]
    unsigned sample_rate() const noexcept;

    // One more than the highest jack with a cable. Those of a patch that apply() has changed may be more or fewer than a
    // driver has counted when it was made: process() does with what it is given. [control]
    unsigned panel_inputs() const;
    unsigned panel_outputs() const;

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
