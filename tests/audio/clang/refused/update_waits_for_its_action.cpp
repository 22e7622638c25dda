// refused: must not call non-'nonblocking' function 'hocket::audio::async_thread::quiesce'
#include <hocket/audio.hpp>

struct wrong : hocket::audio::module {
    void update() override { async.quiesce(); }
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }

    hocket::audio::async_thread async{this};
};
