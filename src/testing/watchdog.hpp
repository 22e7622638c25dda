// The watchdog: a thread that ends the process, with a dump of its fibers, when a test case takes too long.
//
// States: stopped, idle, armed (a deadline). Protocol: all under one lock; arm() and disarm() bracket a test case,
// watch() and forget() the life of a runtime within it. When the deadline passes the process ends in any case: should
// the dump itself hang, an alarm kills the process ten seconds later.
#pragma once

#include <hocket/testing.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace hocket::inline HOCKET_ABI::testing::detail {

class watchdog {
public:
    using clock = std::chrono::steady_clock;

    // Starts the thread; without one nothing is watched. [runner]
    void start();
    // Ends and joins it. [runner]
    void stop();

    // From now on `what` may take so long. [runner]
    void arm(std::string what, std::chrono::nanoseconds limit);
    void disarm();
    // Brings the deadline forward to `limit` from now, and says why. [any thread]
    void shorten(std::chrono::nanoseconds limit, std::string why);

    // Whose fibers to dump. `how` tells the configuration. [runner]
    void watch(runtime const& subject, std::string how);
    void forget();

private:
    void loop();
    [[noreturn]] void bite(std::unique_lock<std::mutex>& held);

    std::mutex guard_;
    std::condition_variable changed_;
    std::thread thread_;
    bool stopping_ = false;
    bool armed_ = false;
    clock::time_point deadline_{};
    std::chrono::nanoseconds limit_{};
    std::string what_;
    std::string why_;
    std::string how_;
    runtime const* subject_ = nullptr;
};

// The process's. Never destroyed.
watchdog& the_watchdog();

}  // namespace hocket::inline HOCKET_ABI::testing::detail
