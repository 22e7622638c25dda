// An amplifier, controlled by a voltage (a VCA). Input 0: audio; input 1: control, 1 when nothing is plugged in. Output
// 0: their product and the knob's. Knob 0: 0 .. 1, at first 1.
#pragma once

#include <hocket/audio/module.hpp>
#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::audio {

class HOCKET_API gain final : public module {
public:
    gain() = default;

    void update() override { out_ = in_ * control_ * level_; }
    void set_samplerate(float) override {}
    void set_param(int param, float value) override;
    float get_param(int param) const override;
    void set_input(int jack, float value) override;
    float get_output(int jack) const override;
    void mark_all_inputs_unpatched() override;
    void mark_input_unpatched(int jack) override;
    module_shape shape() const noexcept override { return {2, 1, 1}; }

private:
    float in_ = 0;
    float control_ = 1;
    float level_ = 1;
    float out_ = 0;
};

}  // namespace hocket::inline HOCKET_ABI::audio
