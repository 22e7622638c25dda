// Analysis: half windows through a ring to the action, and what it finds back.
//
// Memory order: the peak is one word, so that frequency and amplitude are of the same window whoever reads them;
// nothing is behind it. windows_ is released when amplitudes and peak stand.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <functional>
#include <hocket/audio/analyser.hpp>
#include <mutex>
#include <numbers>
#include <stdexcept>

#include "audio/real_fft.hpp"

namespace hocket::inline HOCKET_ABI::audio {

constexpr float silence = 1e-4f;  // -80 dB
constexpr float tuning = 440;     // Hz at 0 V

struct analyser::transformer {
    explicit transformer(std::size_t window);

    detail::real_fft fft;
    std::vector<float> weights;  // Hann's, divided so that a sine of amplitude 1 in the middle of a bin gives 1
    std::vector<float> samples;  // the newest window
    std::vector<float> weighted;
    std::vector<detail::real_fft::bin> bins;
    std::vector<float> amplitudes;
};

analyser::transformer::transformer(std::size_t window)
    : fft(window), weights(window), samples(window), weighted(window), bins(fft.bins()), amplitudes(fft.bins()) {
    // The weights' sum is window / 2, and half of a sine's amplitude is at the negative frequency.
    for (std::size_t i = 0; i < window; ++i) {
        double const angle = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(window);
        weights[i] = static_cast<float>((0.5 - 0.5 * std::cos(angle)) * 4 / static_cast<double>(window));
    }
}

static std::size_t checked(std::size_t window) {
    if (window < 64 || window > 65536 || !std::has_single_bit(window))
        throw std::invalid_argument("an analyser's window is a power of two from 64 to 65536, not " +
                                    std::to_string(window));
    return window;
}

analyser::analyser(std::size_t window)
    : window_(checked(window)),
      half_(window / 2),
      ring_(4 * window),
      transformer_(std::make_unique<transformer>(window)),
      amplitudes_(window / 2 + 1),
      worker_(this, [this] { analyse(); }) {
    static_assert(std::atomic<peak>::is_always_lock_free);
}

analyser::~analyser() = default;

// ---- the audio thread

void analyser::update() {
    half_[filled_] = in_;
    if (++filled_ == half_.size()) {
        filled_ = 0;
        if (ring_.write(half_))
            worker_.run_once();
        else
            lost_.store(lost_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
    peak const p = peak_.load(std::memory_order_relaxed);
    out_[1] = p.amplitude;
    if (p.frequency == told_) return;
    told_ = p.frequency;
    out_[0] = std::log2(p.frequency / tuning);
}

void analyser::set_input(int jack, float value) {
    if (jack == 0) in_ = value;
}

float analyser::get_output(int jack) const { return jack == 0 || jack == 1 ? out_[static_cast<std::size_t>(jack)] : 0; }

// ---- the action

void analyser::analyse() {
    transformer& t = *transformer_;
    auto const middle = t.samples.begin() + static_cast<std::ptrdiff_t>(window_ / 2);
    for (;;) {
        if (ring_.size() < window_ / 2) return;
        std::copy(middle, t.samples.end(), t.samples.begin());
        ring_.read({&*middle, window_ / 2});
        std::transform(t.samples.begin(), t.samples.end(), t.weights.begin(), t.weighted.begin(), std::multiplies<>());
        t.fft.forward(t.weighted, t.bins);
        std::transform(t.bins.begin(), t.bins.end(), t.amplitudes.begin(),
                       [](auto const& b) { return std::sqrt(b.r * b.r + b.i * b.i); });
        t.amplitudes.front() /= 2;  // these two have no negative frequency beside them
        t.amplitudes.back() /= 2;
        peak_.store(strongest(), std::memory_order_relaxed);
        {
            std::lock_guard const held(guard_);
            amplitudes_ = t.amplitudes;
        }
        windows_.store(windows_.load(std::memory_order_relaxed) + 1,
                       std::memory_order_release);  // pairs with windows()
    }
}

// Of a sine that lies d bins beside the top one, on the side of its larger neighbour, Hann's window leaves in the top
// one sin(pi d) / (pi d (1 - d^2)) of its amplitude, and in that neighbour (1 + d) / (2 - d) of this.
analyser::peak analyser::strongest() const noexcept {
    auto const& a = transformer_->amplitudes;
    auto const top = static_cast<std::size_t>(std::max_element(a.begin() + 1, a.end() - 1) - a.begin());
    if (a[top] < silence) return {peak_.load(std::memory_order_relaxed).frequency, 0};
    bool const above = a[top + 1] > a[top - 1];
    float const ratio = a[above ? top + 1 : top - 1] / a[top];
    float const d = std::clamp((2 * ratio - 1) / (1 + ratio), 0.f, 0.5f);
    float const arc = std::numbers::pi_v<float> * d;
    float const bin = static_cast<float>(top) + (above ? d : -d);
    return {bin * rate_ / static_cast<float>(window_), d < 1e-3f ? a[top] : a[top] * arc * (1 - d * d) / std::sin(arc)};
}

// ---- control

std::size_t analyser::spectrum(std::span<float> to) const {
    std::lock_guard const held(guard_);
    std::size_t const n = std::min(to.size(), amplitudes_.size());
    std::copy_n(amplitudes_.begin(), n, to.begin());
    return n;
}

std::size_t analyser::get_display_text(int display, std::span<char> text) {
    float const frequency = peak_frequency();
    if (display != 0 || frequency == 0) return 0;
    std::array<char, 32> line{};
    int const length = std::snprintf(line.data(), line.size(), "%.1f Hz", static_cast<double>(frequency));
    std::size_t const n = std::min(static_cast<std::size_t>(length), text.size());
    std::copy_n(line.begin(), n, text.begin());
    return n;
}

}  // namespace hocket::inline HOCKET_ABI::audio
