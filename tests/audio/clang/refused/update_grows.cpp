// refused: must not call non-'nonblocking' function 'std::vector<float>::push_back'
#include <hocket/audio.hpp>
#include <vector>

struct wrong : hocket::audio::module {
    void update() override { samples.push_back(1); }
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }

    std::vector<float> samples;
};
