// An engine, a driver, and what they must leave behind.
#include "stress/scenarios/audio_rig.hpp"

#include <chrono>
#include <thread>

namespace hocket::stress {

audio_rig::audio_rig(trial& t)
    : trial_(t),
      pool_(std::make_shared<audio::runner_pool>(
          audio::runner_pool_options{.max_concurrent = at_once, .context = t.asked().context})),
      live_before_(pool_->stats().runtime.live),
      engine_({.runners = pool_}) {}

void audio_rig::play(audio::patch const& p, audio::port* to) {
    engine_.load(p);
    driver_.emplace(engine_, audio::timer_options{.sample_rate = 48000, .block = 64});
    driver_->start(to != nullptr ? *to : nowhere_);
}

void audio_rig::sleep_a_little() { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }

void audio_rig::close() {
    auto const played = driver_->stats();
    driver_.reset();
    engine_.unload();
    if (auto const most = pool_->stats().most_at_once; most > at_once)
        trial_.fail(std::to_string(most) + " actions executed at once, " + std::to_string(at_once) + " may");
    // Fibers of patches that are gone end when their workers come to them.
    if (!wait_for([&] { return pool_->stats().runtime.live <= live_before_; }))
        trial_.leaked("the runners kept " + std::to_string(pool_->stats().runtime.live - live_before_) +
                      " tasks of patches that were unloaded");
    auto const after = pool_->stats();
    if (!after.executing.empty()) trial_.leaked("'" + after.executing.front().name + "' still has a permit");
    trial_.remark(std::to_string(played.late) + " of " + std::to_string(played.blocks) + " blocks late; runners moved " +
                  std::to_string(after.moves) + " times, modules " + std::to_string(after.balanced));
}

}  // namespace hocket::stress
