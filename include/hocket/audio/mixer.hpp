// A mixer. Inputs 0 .. 3: audio. Output 0: their sum, each times its knob. Knobs 0 .. 3: 0 .. 1, at first 1.
#pragma once

#include <array>
#include <hocket/audio/module.hpp>
#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::audio {

class HOCKET_API mixer final : public module {
public:
    static constexpr int channels = 4;

    mixer() { level_.fill(1); }

    void update() override;
    void set_samplerate(float) override {}
    void set_param(int param, float value) override;
    float get_param(int param) const override;
    void set_input(int jack, float value) override;
    float get_output(int jack) const override;
    void mark_all_inputs_unpatched() override { in_.fill(0); }
    module_shape shape() const noexcept override { return {channels, 1, channels}; }

private:
    std::array<float, channels> in_{};
    std::array<float, channels> level_;
    float out_ = 0;
};

}  // namespace hocket::inline HOCKET_ABI::audio
