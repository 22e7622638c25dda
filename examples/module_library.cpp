// Modules of one's own, for any program that plays patches: hocket-play --modules ./libexample-module-library.so
//
// A wavetable oscillator. Its table is a sum of harmonics, too many sines for the audio thread: an AsyncThread computes
// it when the knob has been turned.
#include <hocket/audio.hpp>

#include <array>
#include <atomic>
#include <cmath>
#include <numbers>

namespace {

// Output 0: -1 .. 1. Knob 0: from a sine to a sawtooth of 64 harmonics. 110 Hz.
class wavetable final : public hocket::audio::module {
public:
    wavetable() { maker_.start(); }

    void update() override {
        // acquire: pairs with the release in make(); the other table is the maker's until then
        if (made_.load(std::memory_order_acquire)) {
            playing_ ^= 1;
            made_.store(false, std::memory_order_release);  // pairs with the acquire in make()
        }
        phase_ += step_;
        phase_ -= std::floor(phase_);
        out_ = tables_[playing_][static_cast<std::size_t>(phase_ * length)];
    }
    void set_samplerate(float rate) override { step_ = 110.f / rate; }
    void set_param(int, float value) override { brightness_.store(value, std::memory_order_relaxed); }
    void set_input(int, float) override {}
    float get_output(int) const override { return out_; }
    hocket::audio::module_shape shape() const noexcept override { return {0, 1, 1}; }

private:
    static constexpr std::size_t length = 2048;  // samples of one period
    static constexpr int most = 64;              // harmonics

    // The action: 2,000 times a second it looks whether the knob asks for another table than the last one made.
    void make() {
        int const harmonics = 1 + static_cast<int>(brightness_.load(std::memory_order_relaxed) * (most - 1));
        if (harmonics == harmonics_) return;
        if (made_.load(std::memory_order_acquire)) return;  // the last one has not been taken yet
        auto& table = tables_[spare_];
        for (std::size_t i = 0; i < length; ++i) {
            double sum = 0;
            for (int h = 1; h <= harmonics; ++h)
                sum += std::sin(2 * std::numbers::pi * h * static_cast<double>(i) / length) / h;
            table[i] = static_cast<float>(sum * 0.5);
        }
        harmonics_ = harmonics;
        spare_ ^= 1;
        made_.store(true, std::memory_order_release);
    }

    std::array<std::array<float, length>, 2> tables_{};
    std::atomic<float> brightness_{0};
    std::atomic<bool> made_{false};
    std::size_t playing_ = 0;  // update's
    std::size_t spare_ = 1;    // the action's, as is the next
    int harmonics_ = 0;
    float step_ = 0;   // periods per sample
    float phase_ = 0;  // 0 .. 1
    float out_ = 0;
    hocket::audio::async_thread maker_{this, [this] { make(); }};  // last: it ends before what it uses
};

}  // namespace

HOCKET_MODULE_LIBRARY(library) { library.add<wavetable>("example:Wavetable"); }
