#include "testing/watchdog.hpp"

#include "testing/exit_code.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <utility>

namespace hocket::inline HOCKET_ABI::testing::detail {

watchdog& the_watchdog() {
    static watchdog& w = *new watchdog;
    return w;
}

void watchdog::start() {
    if (thread_.joinable()) return;
    stopping_ = false;
    thread_ = std::thread([this] { loop(); });
}

void watchdog::stop() {
    if (!thread_.joinable()) return;
    {
        std::lock_guard const held(guard_);
        stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void watchdog::arm(std::string what, std::chrono::nanoseconds limit) {
    {
        std::lock_guard const held(guard_);
        what_ = std::move(what);
        why_.clear();
        limit_ = limit;
        deadline_ = clock::now() + limit;
        armed_ = true;
    }
    changed_.notify_one();
}

void watchdog::disarm() {
    std::lock_guard const held(guard_);
    armed_ = false;
}

void watchdog::shorten(std::chrono::nanoseconds limit, std::string why) {
    {
        std::lock_guard const held(guard_);
        if (!armed_ || clock::now() + limit >= deadline_) return;
        limit_ = limit;
        deadline_ = clock::now() + limit;
        why_ = std::move(why);
    }
    changed_.notify_one();
}

void watchdog::watch(runtime const& subject, std::string how) {
    std::lock_guard const held(guard_);
    subject_ = &subject;
    how_ = std::move(how);
}

void watchdog::forget() {
    std::lock_guard const held(guard_);
    subject_ = nullptr;
    how_.clear();
}

void watchdog::loop() {
    std::unique_lock held(guard_);
    while (!stopping_) {
        if (!armed_)
            changed_.wait(held);
        else if (clock::now() < deadline_)
            changed_.wait_until(held, deadline_);
        else if (doctest::detail::isDebuggerActive())
            armed_ = false;  // somebody is looking at it
        else
            bite(held);
    }
}

// Holds the lock, so that the runtime it dumps stays.
void watchdog::bite(std::unique_lock<std::mutex>&) {
    ::alarm(10);
    double const seconds = std::chrono::duration<double>(limit_).count();
    std::ostringstream out;
    out << "hocket-testing: test case \"" << what_ << "\"";
    if (!how_.empty()) out << " (" << how_ << ")";
    out << " did not end within " << seconds << " s";
    if (!why_.empty()) out << " after " << why_;
    out << (subject_ != nullptr ? "; its tasks:\n" : "\n");
    std::cerr << out.str() << std::flush;
    if (subject_ != nullptr) {
        std::ostringstream tasks;
        subject_->dump(tasks);
        std::cerr << tasks.str() << std::flush;
    }
    // What doctest has said so far.
    std::cout.flush();
    std::fflush(stdout);
    std::_Exit(exit_hang);
}

}  // namespace hocket::inline HOCKET_ABI::testing::detail
