// The driver's port: what the panel's inputs hear comes from one file, what its outputs play goes to another, and the
// audio thread knows of no file.
#pragma once

#include <hocket/audio/port.hpp>
#include <optional>

#include "recorder.hpp"
#include "source.hpp"

namespace play {

class deck final : public hocket::audio::port {
public:
    // Frames that may pass between two moves. There is room for a second, which is more than any disk takes, or for
    // these.
    static constexpr unsigned least_room = 16384;

    // Without `in` the inputs are silent; without `out` nothing is written. Leaves out the first `skip` frames that are
    // played, then keeps `frames`.
    deck(std::optional<hocket::audio::wav_reader> in, std::optional<hocket::audio::wav_writer> out,
         hocket::audio::wav_format const& format, std::uint64_t skip, std::uint64_t frames);

    // [audio]
    void capture(std::span<float* const> inputs, unsigned frames) noexcept override;
    void play(std::span<float const* const> outputs, unsigned frames) noexcept override;

    // Reads ahead, and writes what has been played. Throws wav_error. [control, one thread]
    void move();
    // Writes the rest and closes the file. Throws wav_error. [control]
    void close();

    // Frames that were not read in time. [any thread]
    std::uint64_t underruns() const noexcept { return in_ ? in_->underruns() : 0; }
    play::recorder const& recorder() const noexcept { return to_; }

private:
    std::optional<source> in_;
    std::optional<hocket::audio::wav_writer> out_;
    play::recorder to_;
};

}  // namespace play
