// refused: must not allocate or deallocate memory
#include <hocket/audio.hpp>

struct wrong : hocket::audio::module {
    void update() override { last = new int(1); }
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }

    int* last = nullptr;
};
