// Runs an engine as a client of a JACK server, or of PipeWire in its place.
//
// The engine gets one JACK port for each input and output of the panel and works on JACK's own buffers, in JACK's
// process callback. When the server changes its block or its sample rate the engine is prepared anew by a thread of
// the driver's: JACK is never made to wait for an action, and blocks that are longer than the engine is prepared for
// are silent meanwhile. Whether the callback has a real-time class is the server's affair.
//
// All drivers of a process share one server at a time: libjack knows no more.
#pragma once

#include <cstdint>
#include <hocket/audio/engine.hpp>
#include <hocket/audio/port.hpp>
#include <hocket/detail/config.hpp>
#include <memory>
#include <string>

namespace hocket::inline HOCKET_ABI::audio {

struct jack_options {
    std::string client = "hocket";  // the server appends a number where the name is taken
    std::string server{};           // empty: what JACK_DEFAULT_SERVER says, else "default"
    // Connects input and output i to the i-th physical port of the server, as far as there are any.
    bool connect = true;
};

struct jack_stats {
    std::uint64_t blocks = 0;
    // Callbacks that ended more than a block after their cycle had begun, and cycles that had none because of that. The
    // beginning is known to a frame.
    std::uint64_t late = 0;
    std::uint64_t unready = 0;  // blocks that were longer than the engine was prepared for, and silent
    std::uint64_t xruns = 0;    // of the server, whoever caused them
    std::int64_t worst_ns = 0;  // the longest that a callback ended after its cycle had begun
    bool realtime = false;      // the callbacks run in SCHED_FIFO
};

class HOCKET_API jack_driver {
public:
    // Whether this build has JACK. [any thread]
    static bool available() noexcept;

    // Becomes a client, and prepares the engine, in which a patch is loaded, for the server's sample rate and block:
    // from now on its actions run. Starts no server. Throws std::runtime_error with one sentence when there is no such
    // server, when it refuses the client, or when this build has no JACK; std::invalid_argument for a client's name
    // that is empty or too long. [control]
    explicit jack_driver(engine& e, jack_options const& options = {});
    jack_driver(jack_driver const&) = delete;
    jack_driver& operator=(jack_driver const&) = delete;
    // Stops, leaves the server, which may be dead, and releases the engine. [control]
    ~jack_driver();

    // Takes part in the server's cycles from now on. Throws std::runtime_error when the server has ended or will not
    // have it, std::logic_error when the driver is running. [control]
    void start();
    // The same, and gives each block that went to the server to also.play(), too, on the audio thread; `also`, whose
    // capture() is not called, outlives the run. [control]
    void start(port& also);
    // Ends after the block that is being played; the ports lose their connections. Does nothing when it is not running.
    // [control]
    void stop();
    // True from start() to stop(), or to the server's end. [any thread]
    bool running() const noexcept;
    // Why the driver ended by itself, as one sentence; empty when it has not. It will not run again then: destroy it,
    // the engine is as good as before. [any thread]
    std::string failure() const;

    // As the server has it. [any thread]
    std::string client_name() const;
    // The server's, as of now; Hz and frames. [any thread]
    unsigned sample_rate() const noexcept;
    unsigned block() const noexcept;

    jack_stats stats() const noexcept;  // [any thread]

private:
    class implementation;
    std::unique_ptr<implementation> self_;
};

}  // namespace hocket::inline HOCKET_ABI::audio
