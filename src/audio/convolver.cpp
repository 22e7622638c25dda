// Convolution by uniformly partitioned overlap-save.
//
// The response is cut into P partitions of B frames, each transformed over 2 B samples, the second half zero. At the
// end of partition k of the input the last 2 B samples are transformed to X[k]; the sum over p of X[k-p] H[p],
// transformed back, has in its second half the B samples of output that belong to partition k, which are played during
// partition k+1. Only X[k] H[0] has to wait for the end: the P - 1 other products are made while partition k comes in,
// in equal parts at every sample, so that no sample costs much more than another. The response is made by the action
// and changes hands with the memory that goes with it: X of the last P partitions and the sums. Transforms of the audio
// thread have plans of their own.
#include <algorithm>
#include <bit>
#include <hocket/audio/convolver.hpp>
#include <hocket/audio/wav.hpp>
#include <hocket/go.hpp>
#include <mutex>
#include <stdexcept>

#include "audio/real_fft.hpp"

namespace hocket::inline HOCKET_ABI::audio {

using bin = detail::real_fft::bin;

struct convolver::transformer {
    explicit transformer(std::size_t partition) : fft(2 * partition), samples(2 * partition) {}
    detail::real_fft fft;
    std::vector<float> samples;
};

struct convolver::response {
    // Throws wav_error, std::bad_alloc.
    response(wav_reader file, std::size_t partition);

    // Adds X[k-p] H[p] for the next p until `done` of them have been added.
    void add_up_to(std::size_t done) noexcept {
        for (; next <= done; ++next) add(next);
    }
    void add(std::size_t p) noexcept;

    std::size_t const bins;
    std::uint64_t const frames;
    unsigned const channels;
    std::size_t const partitions;   // P
    std::vector<bin> past;          // X of P partitions, a ring
    std::size_t newest = 0;         // where in it X[k] is or will be
    std::size_t next = partitions;  // p of the next product; at first there is nothing to multiply with
    std::array<std::vector<bin>, max_channels> spectra;  // H, divided by the length of the transform
    std::array<std::vector<bin>, max_channels> sums;
};

static wav_reader open(std::string const& path, std::size_t partition) {
    wav_reader reader(path);
    if (reader.format().channels > convolver::max_channels)
        throw wav_error("'" + path + "' has " + std::to_string(reader.format().channels) +
                        " channels; a response has at most " + std::to_string(convolver::max_channels));
    std::uint64_t const most = std::min<std::uint64_t>(convolver::max_frames, convolver::max_partitions * partition);
    if (reader.frames() == 0 || reader.frames() > most)
        throw wav_error("'" + path + "' has " + std::to_string(reader.frames()) + " frames; a response has 1 to " +
                        std::to_string(most));
    return reader;
}

convolver::response::response(wav_reader file, std::size_t partition)
    : bins(partition + 1),
      frames(file.frames()),
      channels(file.format().channels),
      partitions((frames + partition - 1) / partition),
      past(partitions * bins) {
    std::vector<float> samples(frames * channels), window(2 * partition);
    file.read(samples);
    detail::real_fft fft(2 * partition);
    float const scale = 1 / static_cast<float>(2 * partition);
    for (unsigned c = 0; c < channels; ++c) {
        spectra[c].resize(partitions * bins);
        sums[c].resize(bins);
        for (std::size_t p = 0; p < partitions; ++p) {
            for (std::size_t i = 0; i < partition; ++i) {
                std::size_t const frame = p * partition + i;
                window[i] = frame < frames ? samples[frame * channels + c] * scale : 0;
            }
            fft.forward(window, std::span(spectra[c]).subspan(p * bins, bins));
        }
    }
}

void convolver::response::add(std::size_t p) noexcept {
    std::size_t const at = newest >= p ? newest - p : newest + partitions - p;
    bin const* const x = past.data() + at * bins;
    for (unsigned c = 0; c < channels; ++c) {
        bin const* const h = spectra[c].data() + p * bins;
        bin* const sum = sums[c].data();
        for (std::size_t i = 0; i < bins; ++i) {
            sum[i].r += x[i].r * h[i].r - x[i].i * h[i].i;
            sum[i].i += x[i].r * h[i].i + x[i].i * h[i].r;
        }
    }
}

static std::size_t checked(std::size_t partition) {
    if (partition < 16 || partition > 16384 || !std::has_single_bit(partition))
        throw std::invalid_argument("a convolver's partition is a power of two from 16 to 16384, not " +
                                    std::to_string(partition));
    return partition;
}

convolver::convolver(std::size_t partition)
    : partition_(checked(partition)),
      shift_(std::countr_zero(partition)),
      window_(2 * partition),
      transformer_(std::make_unique<transformer>(partition)),
      loader_(this, [this] { prepare(); }) {
    for (auto& w : wet_) w.resize(partition);
}

convolver::~convolver() = default;

// ---- control

void convolver::load_state(std::string_view path) {
    // With audio paused: this is the only thread here.
    if (!path.empty()) static_cast<void>(open(std::string(path), partition_));
    responses_.clear();
    frames_.store(0, std::memory_order_relaxed);
    for (auto& w : wet_) std::fill(w.begin(), w.end(), 0.f);
    {
        std::lock_guard const held(guard_);
        path_ = path;
        failure_.clear();
    }
    load(std::string(path));
}

std::string convolver::save_state() {
    std::lock_guard const held(guard_);
    return path_;
}

void convolver::load(std::string path) {
    {
        std::lock_guard const held(guard_);
        wanted_ = std::move(path);
    }
    loader_.run_once();
}

std::string convolver::failure() const {
    std::lock_guard const held(guard_);
    return failure_;
}

// ---- the action

void convolver::prepare() {
    responses_.collect();
    std::string path;
    {
        std::lock_guard const held(guard_);
        path = std::exchange(wanted_, std::string());
    }
    if (path.empty()) return;
    try {
        responses_.offer(blocking([&] { return std::make_unique<response>(open(path, partition_), partition_); }));
        std::lock_guard const held(guard_);
        path_ = path;
    } catch (std::exception const& e) {
        std::lock_guard const held(guard_);
        failure_ = e.what();
        throw;  // to the log, with the names of module and thread
    }
}

// ---- the audio thread

void convolver::update() {
    float const dry = window_[at_] * (1 - mix_);
    for (std::size_t c = 0; c < max_channels; ++c) out_[c] = (dry + wet_[c][at_] * mix_) * level_;
    window_[partition_ + at_] = in_;
    if (response* const r = responses_.get())
        r->add_up_to((at_ + 1) * (r->partitions - 1) >> shift_);
    if (++at_ == partition_) end_partition();
}

void convolver::end_partition() noexcept {
    at_ = 0;
    if (responses_.take()) {
        frames_.store(responses_.get()->frames, std::memory_order_relaxed);
        loader_.run_once();  // to free what it replaces
    }
    if (response* const r = responses_.get()) {
        auto& [fft, samples] = *transformer_;
        fft.forward(window_, std::span(r->past).subspan(r->newest * r->bins, r->bins));
        r->add(0);
        for (unsigned c = 0; c < r->channels; ++c) {
            fft.inverse(r->sums[c], samples);
            std::copy_n(samples.begin() + static_cast<std::ptrdiff_t>(partition_), partition_, wet_[c].begin());
            std::fill(r->sums[c].begin(), r->sums[c].end(), bin{0, 0});
        }
        if (r->channels == 1) std::copy(wet_[0].begin(), wet_[0].end(), wet_[1].begin());
        r->newest = (r->newest + 1) % r->partitions;
        r->next = 1;
    }
    std::copy_n(window_.begin() + static_cast<std::ptrdiff_t>(partition_), partition_, window_.begin());
}

void convolver::set_param(int param, float value) {
    if (param == 0) mix_ = value;
    if (param == 1) level_ = value;
}

float convolver::get_param(int param) const { return param == 0 ? mix_ : param == 1 ? level_ : 0; }

void convolver::set_input(int jack, float value) {
    if (jack == 0) in_ = value;
}

float convolver::get_output(int jack) const {
    return jack >= 0 && static_cast<unsigned>(jack) < max_channels ? out_[static_cast<std::size_t>(jack)] : 0;
}

}  // namespace hocket::inline HOCKET_ABI::audio
