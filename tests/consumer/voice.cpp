// A module library: a voice that hums.
#include <hocket/audio.hpp>

namespace {

class hum : public hocket::audio::module {
public:
    void update() override {}
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0.25f; }
};

}  // namespace

HOCKET_MODULE_LIBRARY(library) { library.add<hum>("consumer:Hum"); }
