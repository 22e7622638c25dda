// All modules in one patch.
#include "every_module.hpp"

#include <array>

namespace support {

unsigned load_every_module(rig& r, folder const& dir, std::vector<std::string> const& slugs) {
    std::string const wav = dir / "every.wav";
    if (!std::filesystem::exists(wav)) write_wav(wav, noise(200'000), {});
    audio::patch p("every module");
    unsigned const source = p.add("hocket:Oscillator");
    unsigned const first = source + 1;
    for (std::string const& slug : slugs) {
        unsigned const number = p.add(slug);
        if (slug == "hocket:WavPlayer" || slug == "hocket:Looper" || slug == "hocket:Convolver") p.set_state(number, wav);
        if (slug == "hocket:Recorder") p.set_state(number, dir / "take.wav");
        audio::module_shape const shape = audio::find_module(slug)()->shape();
        for (int jack = 0; jack < shape.inputs; ++jack) {
            p.connect({source, 0}, {number, jack});
            p.connect({0, 0}, {number, jack});
        }
        for (int jack = 0; jack < shape.outputs; ++jack) p.map_output({number, jack}, jack % 2);
        for (int param = 0; param < shape.params; ++param) p.set_knob(number, param, 0.5f);
    }
    r.load(p);
    return first;
}

void play_block(audio::engine& e) {
    std::array<float, 64> in{}, left{}, right{};
    float const* const ins[] = {in.data()};
    float* const outs[] = {left.data(), right.data()};
    e.process(ins, outs, 64);
}

}  // namespace support
