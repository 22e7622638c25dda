// Runs an engine on a sound device by way of PortAudio: ALSA, OSS, JACK, or what else that was built with.
//
// PortAudio's callback runs the engine in blocks of one length, which PortAudio cuts from what the device has. Inputs
// and outputs of the panel are the device's channels, as far as it has any: inputs beyond them are silent, outputs
// beyond them are played to the port only.
//
// Where PortAudio's JACK is looked for is said by JACK_DEFAULT_SERVER, when the first driver of the process is made.
// PortAudio and the libraries beneath it write to stderr what they look for and do not find.
#pragma once

#include <cstdint>
#include <hocket/audio/engine.hpp>
#include <hocket/audio/port.hpp>
#include <hocket/detail/config.hpp>
#include <memory>
#include <string>

namespace hocket::inline HOCKET_ABI::audio {

struct portaudio_options {
    std::string host_api{};    // as PortAudio names it: "ALSA", "JACK Audio Connection Kit"; empty: its default
    std::string device{};      // as PortAudio names it; empty: the defaults of the host API, one for each direction
    unsigned sample_rate = 0;  // Hz; 0: what the device has
    unsigned block = 64;       // frames
};

struct portaudio_stats {
    std::uint64_t blocks = 0;
    // Callbacks that ended after the block was to be heard; where the device does not tell, those that took longer than
    // a block lasts.
    std::uint64_t late = 0;
    std::uint64_t xruns = 0;    // callbacks before which, by PortAudio, something was lost
    std::int64_t worst_ns = 0;  // the longest that a callback took
    bool realtime = false;      // the callbacks run in SCHED_FIFO or SCHED_RR
};

class HOCKET_API portaudio_driver {
public:
    // Whether this build has PortAudio. [any thread]
    static bool available() noexcept;

    // Opens the device, and prepares the engine, in which a patch is loaded: from now on its actions run. Throws
    // std::runtime_error with one sentence when there is no such device, when it does not have that sample rate, or
    // when this build has no PortAudio; std::invalid_argument when the panel has neither inputs nor outputs, and what
    // engine::prepare throws. [control]
    explicit portaudio_driver(engine& e, portaudio_options const& options = {});
    portaudio_driver(portaudio_driver const&) = delete;
    portaudio_driver& operator=(portaudio_driver const&) = delete;
    // Stops, closes the device, and releases the engine. [control]
    ~portaudio_driver();

    // Plays from now on. Throws std::runtime_error when the device has gone or does not start, std::logic_error when
    // the driver is running. [control]
    void start();
    // The same, and gives each block to also.play(), too, on the audio thread; `also`, whose capture() is not called,
    // outlives the run. [control]
    void start(port& also);
    // Ends after the block that is being played. Does nothing when it is not running. [control]
    void stop();
    // True from start() to stop(), or until the device has gone. [any thread]
    bool running() const noexcept;
    // That the device has gone, as one sentence; empty when it has not. It will not run again then: destroy it, the
    // engine is as good as before. [any thread]
    std::string failure() const;

    std::string device() const;             // host API and name; [any thread]
    unsigned sample_rate() const noexcept;  // Hz; [any thread]

    portaudio_stats stats() const noexcept;  // [any thread]

private:
    class implementation;
    std::unique_ptr<implementation> self_;
};

}  // namespace hocket::inline HOCKET_ABI::audio
