// The panel: module 0 of every patch, through which audio enters and leaves.
#pragma once

#include <cstddef>
#include <hocket/audio/module.hpp>
#include <hocket/detail/config.hpp>
#include <vector>

namespace hocket::inline HOCKET_ABI::audio {

// Its outputs are what came into the engine, its inputs what goes out.
class HOCKET_API panel final : public module {
public:
    // Throws std::bad_alloc. [control]
    panel(int inputs, int outputs);

    // What comes in at panel jack `jack`, for this sample. [audio]
    void feed(std::size_t jack, float value) noexcept { in_[jack] = value; }

    void update() override {}
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int jack, float value) override { out_[static_cast<std::size_t>(jack)] = value; }
    float get_output(int jack) const override { return in_[static_cast<std::size_t>(jack)]; }
    module_shape shape() const noexcept override;

private:
    std::vector<float> in_;
    std::vector<float> out_;
};

}  // namespace hocket::inline HOCKET_ABI::audio
