// White noise: every sample drawn anew, evenly from -1 .. 1, times the level. Output 0. Knob 0: level, 0 .. 1, at
// first 1. The same seed gives the same samples on every machine.
#pragma once

#include <cstdint>
#include <hocket/audio/module.hpp>
#include <hocket/detail/config.hpp>
#include <random>

namespace hocket::inline HOCKET_ABI::audio {

class HOCKET_API noise final : public module {
public:
    // [control]
    explicit noise(std::uint32_t seed = 1);

    void update() override;
    void set_samplerate(float) override {}
    void set_param(int param, float value) override;
    float get_param(int param) const override;
    void set_input(int, float) override {}
    float get_output(int jack) const override;
    // The state is the seed, in decimal: the samples begin anew. Throws std::invalid_argument when it is none.
    // [control]
    void load_state(std::string_view seed) override;
    std::string save_state() override;
    module_shape shape() const noexcept override { return {0, 1, 1}; }

private:
    std::uint32_t seed_;
    std::mt19937 draw_;
    float level_ = 1;
    float out_ = 0;
};

}  // namespace hocket::inline HOCKET_ABI::audio
