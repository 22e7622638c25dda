// refused: must not call non-'nonblocking' function 'printf'
#include <cstdio>
#include <hocket/audio.hpp>

struct wrong : hocket::audio::module {
    void update() override {}
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override { std::printf("%d", 1); }
    float get_output(int) const override { return 0; }
};
