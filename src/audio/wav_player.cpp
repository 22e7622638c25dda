// Streaming: the reading action, and the sample that never waits for it.
//
// States: reading (ended_ false) -> ended (all is in the ring, or reading failed) -> finished (the ring has been
// emptied).
// Memory order: ended_ and ready_ are released after the ring was written and acquired before it is found empty.
#include <algorithm>
#include <hocket/audio/wav_player.hpp>
#include <hocket/go.hpp>
#include <hocket/this_fiber.hpp>
#include <mutex>

namespace hocket::inline HOCKET_ABI::audio {

// Frames read at once: a disk is asked for no less, but for the end of the file.
constexpr std::size_t chunk = 2048;

wav_player::wav_player() : buffer_(default_buffer), loader_(this, [this] { fill(); }) {}

wav_player::wav_player(std::string path, std::size_t buffer)
    : buffer_(std::max(buffer, chunk)), loader_(this, [this] { fill(); }) {
    open(std::move(path));
}

wav_player::~wav_player() = default;

void wav_player::open(std::string path) {
    // With audio paused: neither update() nor fill() runs.
    wav_reader reader(std::move(path));
    if (reader.format().channels > max_channels)
        throw wav_error("'" + reader.path() + "' has " + std::to_string(reader.format().channels) +
                        " channels; a WAV player has " + std::to_string(max_channels) + " outputs");
    channels_ = reader.format().channels;
    total_ = reader.frames();
    ring_.emplace(buffer_ * channels_);
    reader_.emplace(std::move(reader));
    loaded_ = 0;
    bool const nothing = total_ == 0;
    ready_.store(nothing, std::memory_order_relaxed);
    ended_.store(nothing, std::memory_order_relaxed);
    finished_.store(nothing, std::memory_order_relaxed);
    for (auto* const count : {&played_, &underruns_, &preroll_}) count->store(0, std::memory_order_relaxed);
    out_.fill(0);
    if (!nothing) loader_.start();
}

void wav_player::load_state(std::string_view path) { open(std::string(path)); }

std::string wav_player::save_state() { return reader_ ? reader_->path() : std::string(); }

std::optional<wav_format> wav_player::format() const {
    return reader_ ? std::optional(reader_->format()) : std::nullopt;
}

std::string wav_player::failure() const {
    std::lock_guard const held(failure_guard_);
    return failure_;
}

// The action. Reads as long as there is room for a chunk; the reads happen on the blocking pool, so that a slow disk
// keeps no neighbour of this module waiting.
void wav_player::fill() {
    try {
        std::span<float> const samples = this_fiber::arena().make_span<float>(chunk * channels_);
        while (loaded_ < total_) {
            std::size_t const room = (ring_->capacity() - ring_->size()) / channels_;
            std::size_t const want = std::min<std::uint64_t>(chunk, total_ - loaded_);
            if (room < want) break;
            std::size_t const got = blocking([&] { return reader_->read(samples.first(want * channels_)); });
            ring_->write(samples.first(got * channels_));  // there is room: only this action writes
            loaded_ += got;
        }
    } catch (std::exception const& e) {
        {
            std::lock_guard const held(failure_guard_);
            failure_ = e.what();
        }
        ready_.store(true, std::memory_order_release);
        ended_.store(true, std::memory_order_release);
        loader_.stop();
        throw;  // to the log, with the names of module and thread
    }
    ready_.store(true, std::memory_order_release);  // pairs with ready()
    if (loaded_ < total_) return;
    ended_.store(true, std::memory_order_release);  // pairs with update()
    loader_.stop();
}

void wav_player::update() {
    if (finished_.load(std::memory_order_relaxed)) return;
    // acquire: pairs with the release in fill(), and comes before the look into the ring
    bool const ended = ended_.load(std::memory_order_acquire);
    if (ring_->read({out_.data(), channels_})) {
        played_.store(played_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        return;
    }
    out_.fill(0);
    if (ended) {
        finished_.store(true, std::memory_order_release);  // pairs with finished()
        return;
    }
    auto& missing = played_.load(std::memory_order_relaxed) == 0 ? preroll_ : underruns_;
    missing.store(missing.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

float wav_player::get_output(int jack) const {
    return jack >= 0 && static_cast<unsigned>(jack) < max_channels ? out_[static_cast<std::size_t>(jack)] : 0;
}

bool wav_player::ready() const noexcept { return ready_.load(std::memory_order_acquire); }

bool wav_player::finished() const noexcept { return finished_.load(std::memory_order_acquire); }

}  // namespace hocket::inline HOCKET_ABI::audio
