// refused: must not call non-'nonblocking' constructor 'std::lock_guard<std::mutex>::lock_guard'
#include <hocket/audio.hpp>
#include <mutex>

struct wrong : hocket::audio::module {
    void update() override {}
    void set_samplerate(float) override {}
    void set_param(int, float) override { std::lock_guard const held(guard); }
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }

    std::mutex guard;
};
