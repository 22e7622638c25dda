// Runs an engine as fast as it can, in audio time: the same patch gives the same samples, bit for bit, every time.
//
// Protocol: audio time is cut at the ticks of the AsyncThreads (tick k lies before frame ceil(k * sample rate / 2000)),
// wherever the block boundaries lie. At a tick the due actions run one after another, and the next sample waits until
// all have completed.
#pragma once

#include <cstdint>
#include <hocket/audio/engine.hpp>
#include <hocket/audio/port.hpp>
#include <hocket/detail/config.hpp>
#include <memory>

namespace hocket::inline HOCKET_ABI::audio {

struct freewheel_options {
    unsigned sample_rate = 48000;  // Hz
    unsigned block = 64;           // frames handed to the port at once
};

class HOCKET_API freewheel_driver {
public:
    // Prepares the engine, in which a patch is loaded. Throws what engine::prepare throws. [control]
    explicit freewheel_driver(engine& e, freewheel_options const& options = {});
    freewheel_driver(freewheel_driver const&) = delete;
    freewheel_driver& operator=(freewheel_driver const&) = delete;
    // Releases the engine. [control]
    ~freewheel_driver();

    // Renders `frames` frames from where the last call ended. The caller's thread is the audio thread meanwhile.
    // [control]
    void render(std::uint64_t frames, port& to);

private:
    class implementation;
    std::unique_ptr<implementation> self_;
};

}  // namespace hocket::inline HOCKET_ABI::audio
