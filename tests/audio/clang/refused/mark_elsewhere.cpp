// refused: must not allocate or deallocate memory
#include <hocket/audio.hpp>

struct wrong : hocket::audio::module {
    void update() override {}
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }
    void mark_input_patched(int jack) override;

    int* last = nullptr;
};

void wrong::mark_input_patched(int jack) { last = new int(jack); }
