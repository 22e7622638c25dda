// A sine oscillator. Input 0: pitch, volts per octave. Output 0: -1 .. 1. Knob 0: frequency, 20 Hz .. 20 kHz.
#pragma once

#include <hocket/audio/module.hpp>
#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::audio {

class HOCKET_API oscillator final : public module {
public:
    // `frequency` in Hz, at 0 V. [control]
    explicit oscillator(double frequency = 440);

    void update() override;
    void set_samplerate(float rate) override;
    void set_param(int param, float value) override;
    float get_param(int param) const override;
    void set_input(int jack, float value) override;
    float get_output(int jack) const override;
    void mark_all_inputs_unpatched() override;
    module_shape shape() const noexcept override { return {1, 1, 1}; }

private:
    void retune() noexcept;

    double frequency_;
    double rate_ = 48000;
    double step_ = 0;   // cycles per sample
    double phase_ = 0;  // cycles, 0 .. 1
    float pitch_ = 0;   // volts
    float out_ = 0;
};

}  // namespace hocket::inline HOCKET_ABI::audio
