// Runs an engine in real time against the system's clock, with no audio device.
//
// A thread of its own wakes at absolute times, block k at start + k * block length, in the class SCHED_FIFO where the
// process may have that. A block is late when it ends after the next should begin. It is not dropped: the driver
// catches up.
#pragma once

#include <cstdint>
#include <hocket/audio/engine.hpp>
#include <hocket/audio/port.hpp>
#include <hocket/detail/config.hpp>
#include <memory>

namespace hocket::inline HOCKET_ABI::audio {

struct timer_options {
    unsigned sample_rate = 48000;  // Hz
    unsigned block = 64;           // frames
    // SCHED_FIFO priority, 1 .. 99; 0: an ordinary thread. 70 is what JACK's server takes.
    int priority = 70;
    // Keeps the pages of the process, present and future, in memory, if the system permits that; it stays so. Parked
    // fibers' stacks are not trimmed then.
    bool lock_memory = false;
};

struct timer_stats {
    std::uint64_t blocks = 0;
    std::uint64_t late = 0;
    std::int64_t worst_ns = 0;  // the longest that a block ended after it began to be due
    bool realtime = false;      // SCHED_FIFO was granted
    bool locked = false;        // so was lock_memory
};

class HOCKET_API timer_driver {
public:
    // Prepares the engine, in which a patch is loaded: from now on its actions run. Throws what engine::prepare throws.
    // [control]
    explicit timer_driver(engine& e, timer_options const& options = {});
    timer_driver(timer_driver const&) = delete;
    timer_driver& operator=(timer_driver const&) = delete;
    // Stops, and releases the engine. [control]
    ~timer_driver();

    // Starts the thread, which plays `frames` frames, rounded up to blocks, into `to`, which outlives it. Throws
    // std::system_error, std::logic_error when it is running. [control]
    void start(port& to, std::uint64_t frames = UINT64_MAX);
    // Waits until all frames are played. [control]
    void wait();
    // Ends after the block that is being played. [control]
    void stop();
    // True while the thread plays. [any thread]
    bool running() const noexcept;

    timer_stats stats() const noexcept;  // [any thread]

private:
    class implementation;
    std::unique_ptr<implementation> self_;
};

}  // namespace hocket::inline HOCKET_ABI::audio
