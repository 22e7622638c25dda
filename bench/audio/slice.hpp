// One slice of audio: a thread that calls process() at the times of the blocks, and a canary that tells what the
// machine did to it.
//
// Block k is due at start + k * 64 / 48000 s. The canary is a thread in SCHED_FIFO 90, above the audio thread, on the
//   same core, which does nothing but wake 30 us before each block is due. What makes it late, the audio thread cannot
//   be blamed for; so an *excess* is the audio thread's lateness less the canary's. An ordinary audio thread has no
//   canary.
// A block is missed when it ends after the next is due. Its miss is *shared* when the core was not there for the canary
//   either: when the canary of this block came half a block late, or that of the next block as late as this one ended.
//   None is dropped, the audio thread catches up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/audio.hpp>
#include <vector>

namespace hocket::bench {

inline constexpr unsigned sample_rate = 48000, block_frames = 64;
inline constexpr std::int64_t canary_lead_ns = 30'000;

struct slice_options {
    double seconds = 10;
    bool realtime = true;  // SCHED_FIFO 70, with a canary; else an ordinary thread
    bool bound = true;     // to the last core that the process may use
};

class slice {
public:
    // Plays for so long, and a third of a second before it that is not recorded. Throws std::system_error, and unable
    // where the system permits no real-time class.
    slice(audio::engine& e, slice_options const& o);

    std::size_t blocks() const noexcept { return blocks_.size(); }
    std::size_t missed() const noexcept;
    std::size_t missed_alone() const noexcept;  // not shared by the canary
    // From when a block was due until its thread ran, or until it ended: a quantile, in us.
    double lateness(double q) const;
    double excess(double q) const;      // of the wake-up
    double end_excess(double q) const;  // of the block's end
    double distance(double q) const;    // from the canary's wake-up to the audio thread's: 30 us and the excess

private:
    struct block {
        std::int64_t due, woken, ended;
        std::int64_t canary;  // how late it was
    };
    // How long after the next block was due it ended.
    static std::int64_t overshoot(block const& b) noexcept;
    template <class Value>
    double quantile(double q, Value value) const;

    std::vector<block> blocks_;
    std::int64_t canary_after_ = 0;  // of the block after the last
};

}  // namespace hocket::bench
