// refused: must not call non-'nonblocking' function 'std::this_thread::sleep_for
#include <chrono>
#include <hocket/audio.hpp>
#include <thread>

struct wrong : hocket::audio::module {
    void update() override { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }
};
