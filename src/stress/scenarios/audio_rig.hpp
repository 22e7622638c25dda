// An engine that plays in real time into nowhere, for scenarios about its modules.
#pragma once

#include <hocket/audio.hpp>

#include <memory>
#include <optional>

#include "stress/clock.hpp"
#include "stress/trial.hpp"

namespace hocket::stress {

// A module that neither hears nor says anything.
class silent_module : public audio::module {
public:
    void update() override {}
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }
};

class audio_rig {
public:
    static constexpr unsigned at_once = 2;  // actions

    explicit audio_rig(trial& t);
    // Ends it, if close() did not.
    ~audio_rig() = default;

    audio::engine& engine() noexcept { return engine_; }
    audio::runner_pool_stats pool() const { return pool_->stats(); }

    // Loads the patch and plays it, block after block, into `to`, or nowhere.
    void play(audio::patch const& p, audio::port* to = nullptr);

    // Waits until `reached` is true, a millisecond at a time; false when it has not come within a minute. The trial's ops
    // tell the watchdog that something moves.
    template <class F>
    bool wait_for(F&& reached) {
        std::int64_t const deadline = now_ns() + 60'000'000'000;
        while (!reached()) {
            if (now_ns() > deadline) return false;
            sleep_a_little();
        }
        return true;
    }

    // Stops playing and unloads; the runners must be left as they were found, and never more actions than `at_once` have
    // executed.
    void close();

private:
    class nowhere final : public audio::port {
        void play(std::span<float const* const>, unsigned) noexcept override {}
    };

    static void sleep_a_little();

    trial& trial_;
    std::shared_ptr<audio::runner_pool> pool_;
    std::uint64_t const live_before_;
    audio::engine engine_;
    nowhere nowhere_;
    std::optional<audio::timer_driver> driver_;
};

}  // namespace hocket::stress
