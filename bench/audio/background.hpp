// The work beside the audio: modules whose AsyncThreads compute, and threads that spin.
#pragma once

#include <atomic>
#include <cstdint>
#include <hocket/audio.hpp>
#include <optional>
#include <vector>

#include "thread.hpp"

namespace hocket::bench {

// Turns of a loop that never sleeps; equal numbers are equal work, whatever else the core has to do meanwhile.
void compute(std::uint64_t turns) noexcept;
// How many take so long on this machine at its best. Takes a tenth of a second.
std::uint64_t turns_in(std::int64_t ns) noexcept;

// A module with an action that computes, and an output that changes with every sample.
class chore final : public audio::module {
public:
    explicit chore(std::uint64_t turns) : turns_(turns), thread_(this, [this] { work(); }) {}

    // Its action is called at every tick from now on; and no longer, when this returns. [control]
    void start() { thread_.start(); }
    void stop() {
        thread_.stop();
        thread_.quiesce();
    }
    // The action. [any thread, one at a time]
    void work() noexcept {
        compute(turns_);
        done_.store(done_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
    std::uint64_t turns_done() const noexcept { return turns_ * done_.load(std::memory_order_relaxed); }

    void update() override { value_ = 1 - value_; }
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return value_; }

private:
    std::uint64_t const turns_;
    std::atomic<std::uint64_t> done_{0};
    float value_ = 0;
    audio::async_thread thread_;
};

// An engine, prepared, with 64 of them, a module for each, of which 16 take 200 us. They stand still.
class chores {
public:
    chores();

    void start();
    void stop();
    // Calls all of them, one after another. [any thread, one at a time]
    void work() noexcept;
    // Of the actions that take long, in turns of compute().
    std::uint64_t turns_done() const noexcept;

    audio::engine engine;

private:
    std::vector<chore*> all_;
};

// An ordinary thread on each core that computes all the time.
class spinners {
public:
    spinners();

private:
    std::vector<std::optional<helper>> threads_;
};

}  // namespace hocket::bench
