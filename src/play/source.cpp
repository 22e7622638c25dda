// From a file to interleaved frames to channels.
#include "source.hpp"

#include <algorithm>

namespace play {

source::source(hocket::audio::wav_reader file, unsigned room)
    : file_(std::move(file)),
      ring_(std::size_t{room} * file_.format().channels),
      left_(file_.frames()),
      frame_(file_.format().channels),
      chunk_(std::size_t{1024} * file_.format().channels) {}

void source::capture(std::span<float* const> inputs, unsigned frames) noexcept {
    // acquire: pairs with the release in fill(), and comes before the look into the ring
    bool const ended = ended_.load(std::memory_order_acquire);
    std::size_t const heard = std::min(inputs.size(), frame_.size());
    for (unsigned i = 0; i < frames; ++i) {
        if (!ring_.read(frame_)) {
            if (!ended) underruns_.fetch_add(frames - i, std::memory_order_relaxed);
            return;
        }
        for (std::size_t c = 0; c < heard; ++c) inputs[c][i] = frame_[c];
    }
}

void source::fill() {
    while (left_ > 0 && ring_.capacity() - ring_.size() >= chunk_.size()) {
        std::size_t const got = file_.read(chunk_);
        ring_.write(std::span(chunk_).first(got * frame_.size()));  // there is room: nobody else writes
        left_ -= got;
    }
    if (left_ == 0) ended_.store(true, std::memory_order_release);  // pairs with the acquire in capture()
}

}  // namespace play
