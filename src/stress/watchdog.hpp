// A thread that looks at the running trial: draws the live line, and calls for help when nothing moves.
//
// Protocol: watch() names the trial, rest() ends it; both wait for a look under way, so a trial is never looked at
//   after rest(). on_hang runs on the watchdog's thread with the trial still watched, and is expected to end the
//   process.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "stress/live_line.hpp"
#include "stress/trial.hpp"

namespace hocket::stress {

class watchdog {
public:
    // `hang_seconds` without progress is a hang. Throws std::system_error when there is no thread.
    watchdog(double hang_seconds, std::size_t trials, std::function<void(trial&)> on_hang);
    watchdog(watchdog const&) = delete;
    watchdog& operator=(watchdog const&) = delete;
    ~watchdog();

    void watch(trial& t);  // [main thread]
    void rest();           // [main thread]

private:
    void body();
    void look();  // guard_ is held

    std::int64_t const patience_ns_;
    std::size_t const trials_;
    std::function<void(trial&)> const on_hang_;

    std::mutex guard_;  // all below
    std::condition_variable end_;
    bool ending_ = false;
    live_line line_;
    trial* watched_ = nullptr;
    std::size_t number_ = 0;
    std::int64_t began_ns_ = 0;
    std::int64_t moved_ns_ = 0;
    std::uint64_t progress_ = 0;

    std::thread thread_;  // last: it uses the others
};

}  // namespace hocket::stress
