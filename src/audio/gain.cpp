// The amplifier's jacks and knob.
#include <hocket/audio/gain.hpp>

namespace hocket::inline HOCKET_ABI::audio {

void gain::set_param(int param, float value) {
    if (param == 0) level_ = value;
}

float gain::get_param(int param) const { return param == 0 ? level_ : 0; }

void gain::set_input(int jack, float value) {
    if (jack == 0) in_ = value;
    if (jack == 1) control_ = value;
}

float gain::get_output(int jack) const { return jack == 0 ? out_ : 0; }

void gain::mark_all_inputs_unpatched() {
    in_ = 0;
    control_ = 1;
}

void gain::mark_input_unpatched(int jack) {
    if (jack == 0) in_ = 0;
    if (jack == 1) control_ = 1;
}

}  // namespace hocket::inline HOCKET_ABI::audio
