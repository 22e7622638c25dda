// refused: must not call non-'nonblocking' function 'hocket::mutex::lock'
#include <hocket/audio.hpp>
#include <hocket/mutex.hpp>

struct wrong : hocket::audio::module {
    void update() override { guard.lock(); }
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }

    hocket::mutex guard;
};
