// A module as it is written for MetaModule: no attribute, no noexcept, some functions defined elsewhere.
#include <CoreModules/CoreProcessor.hh>
#include <CoreModules/async_thread.hh>
#include <algorithm>
#include <array>
#include <cmath>

namespace {

class delay : public CoreProcessor {
public:
    void update() override;
    void set_samplerate(float rate) override { rate_ = rate; }
    void set_param(int param, float value) override { params_[static_cast<std::size_t>(param)] = value; }
    void set_input(int jack, float value) override { in_[static_cast<std::size_t>(jack)] = value; }
    float get_output(int) const override { return out_; }
    void mark_all_inputs_unpatched() override { in_.fill(0); }
    void mark_input_patched(int jack) override;

private:
    MetaModule::AsyncThread async_{this, [this] { work(); }};
    void work() { delete new int; }  // runs on a runner

    std::array<float, 2> params_{};
    std::array<float, 2> in_{};
    std::array<float, 4096> line_{};
    std::size_t at_ = 0;
    float rate_ = 48000;
    float out_ = 0;
};

void delay::update() {
    out_ = std::lerp(in_[0], line_[at_], std::clamp(params_[0], 0.0f, 1.0f)) + std::tanh(in_[1]) / rate_;
    line_[at_] = out_;
    at_ = (at_ + 1) % line_.size();
    if (at_ == 0) async_.run_once();
    if (at_ == 1 && !async_.is_enabled()) async_.start();
    if (at_ == 2) async_.stop();
}

void delay::mark_input_patched(int jack) { in_[static_cast<std::size_t>(jack)] = 0; }

}  // namespace

CoreProcessor* make_delay() { return new delay; }
