// A user of libhocket-audio through the MetaModule headers: a module that counts in the background, and an oscillator.
#include <CoreModules/CoreProcessor.hh>
#include <CoreModules/async_thread.hh>
#include <cstdio>
#include <hocket/audio.hpp>

namespace {

class counter : public CoreProcessor {
public:
    void update() override {
        if (!started_) thread_.start();
        started_ = true;
    }
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }

    int count = 0;

private:
    bool started_ = false;
    MetaModule::AsyncThread thread_{this, [this] { ++count; }};
};

struct peak : hocket::audio::port {
    void play(std::span<float const* const> outputs, unsigned frames) noexcept override {
        for (unsigned i = 0; i < frames; ++i)
            if (outputs[0][i] > value) value = outputs[0][i];
    }
    float value = 0;
};

}  // namespace

int main() {
    hocket::audio::patch p("consumer");
    unsigned const osc = p.add<hocket::audio::oscillator>("sine");
    unsigned const background = p.add<counter>("counter");
    p.map_output({osc, 0}, 0);

    hocket::audio::engine e;
    e.load(p);
    peak out;
    {
        hocket::audio::freewheel_driver driver(e);
        driver.render(4800, out);  // 0.1 s, 200 ticks
    }
    int const calls = e.at<counter>(background).count;
    std::printf("peak %.3f, %d calls\n", static_cast<double>(out.value), calls);
    return out.value > 0.9f && out.value <= 1.0f && calls >= 150 && calls <= 200 ? 0 : 1;
}
