// A module library: a module whose AsyncThread counts, and one that knows where its library lies.
#include <atomic>
#include <hocket/audio.hpp>
#include <string>

namespace {

// Output 0: calls so far. Without inputs and knobs.
class counter final : public hocket::audio::module {
public:
    counter() { counting_.start(); }
    void update() override { out_ = static_cast<float>(calls_.load(std::memory_order_relaxed)); }
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return out_; }
    hocket::audio::module_shape shape() const noexcept override { return {0, 1, 0}; }

private:
    float out_ = 0;
    std::atomic<int> calls_{0};
    hocket::audio::async_thread counting_{this, [this] { calls_.fetch_add(1, std::memory_order_relaxed); }};
};

class place final : public hocket::audio::module {
public:
    explicit place(std::string where) : where_(std::move(where)) {}
    void update() override {}
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }
    std::string save_state() override { return where_; }

private:
    std::string const where_;
};

}  // namespace

HOCKET_MODULE_LIBRARY(library) {
    library.add<place>("test:Place", library.path().string());
    library.add<counter>("test:Counter");
}
