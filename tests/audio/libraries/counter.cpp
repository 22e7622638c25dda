// A module library: a module whose AsyncThread counts, one that knows where its library lies, and three that nobody
// likes.
#include <atomic>
#include <chrono>
#include <hocket/audio.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

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

class stuck final : public hocket::audio::module {
public:
    stuck() { sleeping_.start(); }
    void update() override {}
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }

private:
    hocket::audio::async_thread sleeping_{this, [] {
                                              for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
                                          }};
};

class unbuildable final : public hocket::audio::module {
public:
    unbuildable() { throw std::runtime_error("there is no room"); }
    void update() override {}
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }
};

// Allocates on the audio thread, once in a while.
class unruly final : public hocket::audio::module {
public:
    void update() override {
        if (++frames_ % 1000 == 0) held_ = std::make_unique<int>(frames_);
    }
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0.5f; }

private:
    int frames_ = 0;
    std::unique_ptr<int> held_;
};

}  // namespace

HOCKET_MODULE_LIBRARY(library) {
    library.add<place>("test:Place", library.path().string());
    library.add<counter>("test:Counter");
    library.add<stuck>("test:Stuck");
    library.add<unbuildable>("test:Unbuildable");
    library.add<unruly>("test:Unruly");
}
