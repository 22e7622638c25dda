// The runtime of a scenario: run under the watchdog's eye, and searched for leaks at the end.
//
// Protocol: run() as often as the scenario likes, then close(). close() waits until the runtime is idle, compares its
//   figures with those of an empty one, shuts it down and compares again. A runtime that keeps tasks can not be shut
//   down (that would wait for them); it is abandoned, and the process ends without destroying it.
// Who runs: of seven rounds, about three start all workers first, so that the calling thread only waits.
#pragma once

#include <functional>
#include <hocket/runtime.hpp>
#include <memory>

#include "stress/trial.hpp"

namespace hocket::stress {

class stage {
public:
    // With the options of the trial. Throws what runtime's constructor throws.
    explicit stage(trial& t) : stage(t, t.options()) {}
    stage(trial& t, runtime_options options);
    stage(stage const&) = delete;
    stage& operator=(stage const&) = delete;
    // Shuts down without comparing anything, when close() was not reached.
    ~stage();

    hocket::runtime& runtime() noexcept { return *runtime_; }

    // Runs `body` as the first task; its time is the scenario's. Throws what it throws. [main thread]
    void run(std::function<void()> const& body);

    // Ends the runtime and reports what it kept. [main thread]
    void close();

    // The same when tasks are known to be left, which the shutdown shall run. [main thread]
    void close_draining();

    // True when some stage of this process abandoned its runtime.
    static bool abandoned_any() noexcept;

private:
    bool idle() const;
    void shut_down();

    trial& trial_;
    std::unique_ptr<hocket::runtime> runtime_;
};

// A stage for one run of `body`: what most scenarios need.
void on_stage(trial& t, std::function<void()> const& body);

}  // namespace hocket::stress
