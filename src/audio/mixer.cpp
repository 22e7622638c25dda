// The mixer's sum.
#include <hocket/audio/mixer.hpp>

namespace hocket::inline HOCKET_ABI::audio {

static bool has(int number) noexcept { return number >= 0 && number < mixer::channels; }

void mixer::update() {
    float sum = 0;
    for (std::size_t i = 0; i < channels; ++i) sum += in_[i] * level_[i];
    out_ = sum;
}

void mixer::set_param(int param, float value) {
    if (has(param)) level_[static_cast<std::size_t>(param)] = value;
}

float mixer::get_param(int param) const { return has(param) ? level_[static_cast<std::size_t>(param)] : 0; }

void mixer::set_input(int jack, float value) {
    if (has(jack)) in_[static_cast<std::size_t>(jack)] = value;
}

float mixer::get_output(int jack) const { return jack == 0 ? out_ : 0; }

}  // namespace hocket::inline HOCKET_ABI::audio
