// What the tests of server-driven drivers play and look for: a module that counts samples, a port that sees them go on.
#pragma once

#include <atomic>
#include <chrono>
#include <span>
#include <thread>
#include <vector>

#include "support.hpp"

namespace support {

// Output 0 is the number of samples so far: 1, 2, 3 ...; input 0 goes to output 1.
class counter final : public quiet {
public:
    explicit counter(std::chrono::microseconds pause = 0us) : pause_(pause) {}
    void update() override {
        if (pause_.count() > 0 && frames_ % 64 == 0) std::this_thread::sleep_for(pause_);
        ++frames_;
    }
    void set_input(int, float value) override { heard_ = value; }
    float get_output(int which) const override { return which == 0 ? static_cast<float>(frames_) : heard_; }

private:
    std::chrono::microseconds const pause_;  // slept away for each 64 samples
    unsigned frames_ = 0;
    float heard_ = 0;
};

inline audio::patch counting(std::chrono::microseconds pause = 0us) {
    audio::patch p("jack");
    unsigned const c = p.add<counter>("counter", pause);
    p.map_input(0, {c, 0});
    p.map_output({c, 0}, 0);
    p.map_output({c, 1}, 1);
    return p;
}

// Sees that the counter's output goes on from block to block, silent ones left out.
class watcher final : public audio::port {
public:
    void play(std::span<float const* const> outputs, unsigned frames) noexcept override {
        for (unsigned i = 0; i < frames; ++i) {
            float const value = outputs[0][i];
            if (value == 0) continue;
            if (last_ != 0 && value != last_ + 1) breaks.fetch_add(1, std::memory_order_relaxed);
            last_ = value;
        }
        if (last_ != 0 && outputs[0][frames - 1] == last_) loud.store(frames, std::memory_order_relaxed);
        last.store(last_, std::memory_order_relaxed);
    }
    std::atomic<unsigned> loud{0};  // the length of the last block that was not silent
    std::atomic<float> last{0};
    std::atomic<unsigned> breaks{0};

private:
    float last_ = 0;
};

inline bool goes_on(std::vector<float> const& samples) {
    for (std::size_t i = 1; i < samples.size(); ++i)
        if (samples[i] != samples[i - 1] + 1) return false;
    return samples.size() > 1 && samples[0] > 0;
}

}  // namespace support
