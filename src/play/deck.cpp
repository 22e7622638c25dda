// Two rings side by side.
#include "deck.hpp"

#include <algorithm>

namespace play {

deck::deck(std::optional<hocket::audio::wav_reader> in, std::optional<hocket::audio::wav_writer> out,
           hocket::audio::wav_format const& format, std::uint64_t skip, std::uint64_t frames)
    : out_(std::move(out)), to_(format.channels, skip, frames, std::max(format.sample_rate, least_room)) {
    if (in) in_.emplace(std::move(*in), std::max(format.sample_rate, least_room));
}

void deck::capture(std::span<float* const> inputs, unsigned frames) noexcept {
    if (in_) in_->capture(inputs, frames);
}

void deck::play(std::span<float const* const> outputs, unsigned frames) noexcept { to_.play(outputs, frames); }

void deck::move() {
    if (in_) in_->fill();
    to_.drain(out_ ? &*out_ : nullptr);
}

void deck::close() {
    to_.drain(out_ ? &*out_ : nullptr);
    if (out_) out_->close();
}

}  // namespace play
