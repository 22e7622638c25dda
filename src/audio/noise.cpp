// Noise by std's Mersenne twister: its sequence is in the standard, so a render is the same everywhere.
#include <charconv>
#include <hocket/audio/noise.hpp>
#include <stdexcept>

namespace hocket::inline HOCKET_ABI::audio {

noise::noise(std::uint32_t seed) : seed_(seed), draw_(seed) {}

// The upper 24 bits, which a float holds exactly: -1, and then in steps of 2^-23 up to just below 1.
void noise::update() { out_ = (static_cast<float>(draw_() >> 8) * 0x1p-23f - 1) * level_; }

void noise::set_param(int param, float value) {
    if (param == 0) level_ = value;
}

float noise::get_param(int param) const { return param == 0 ? level_ : 0; }

float noise::get_output(int jack) const { return jack == 0 ? out_ : 0; }

void noise::load_state(std::string_view seed) {
    char const* const end = seed.data() + seed.size();
    std::uint32_t value = 0;
    auto const read = std::from_chars(seed.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end)
        throw std::invalid_argument(
            "the state of a noise module is its seed, a whole number from 0 to 4294967295, not '" + std::string(seed) +
            "'");
    seed_ = value;
    draw_.seed(value);
    out_ = 0;
}

std::string noise::save_state() { return std::to_string(seed_); }

}  // namespace hocket::inline HOCKET_ABI::audio
