// A sine by phase accumulation in double: no drift that could be heard within days.
#include <cmath>
#include <hocket/audio/oscillator.hpp>
#include <numbers>

namespace hocket::inline HOCKET_ABI::audio {

oscillator::oscillator(double frequency) : frequency_(frequency) { retune(); }

void oscillator::retune() noexcept { step_ = frequency_ * std::exp2(static_cast<double>(pitch_)) / rate_; }

void oscillator::update() {
    out_ = static_cast<float>(std::sin(2 * std::numbers::pi * phase_));
    phase_ += step_;
    phase_ -= std::floor(phase_);
}

void oscillator::set_samplerate(float rate) {
    rate_ = static_cast<double>(rate);
    retune();
}

// The knob spans three decades: 20 Hz * 1000^value.
void oscillator::set_param(int param, float value) {
    if (param != 0) return;
    frequency_ = 20 * std::pow(1000.0, static_cast<double>(value));
    retune();
}

float oscillator::get_param(int param) const {
    return param == 0 ? static_cast<float>(std::log10(frequency_ / 20) / 3) : 0;
}

void oscillator::set_input(int jack, float value) {
    if (jack != 0 || value == pitch_) return;
    pitch_ = value;
    retune();
}

float oscillator::get_output(int jack) const { return jack == 0 ? out_ : 0; }

void oscillator::mark_all_inputs_unpatched() {
    pitch_ = 0;
    retune();
}

}  // namespace hocket::inline HOCKET_ABI::audio
