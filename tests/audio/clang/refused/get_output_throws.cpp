// refused: must not throw or catch exceptions
#include <hocket/audio.hpp>

struct wrong : hocket::audio::module {
    void update() override {}
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override {
        throw 1;
        return 0;
    }
};
