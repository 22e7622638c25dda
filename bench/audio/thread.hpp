// Clocks, scheduling classes and ordinary threads that end with their object.
#pragma once

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <utility>

#include "cores.hpp"

namespace hocket::bench {

inline std::int64_t now_ns() noexcept {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

inline void sleep_until_ns(std::int64_t when) noexcept {
    timespec const t{when / 1'000'000'000, when % 1'000'000'000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr) != 0) {
    }
}

// Puts the calling thread into SCHED_FIFO; false when the system does not permit that.
inline bool become_realtime(int priority) noexcept {
    sched_param p{};
    p.sched_priority = priority;
    return pthread_setschedparam(pthread_self(), SCHED_FIFO, &p) == 0;
}

// A thread that is told to end, and waited for, by the destructor: body(stopping) returns when `stopping` is true.
class helper {
public:
    template <class Body>
    explicit helper(Body body) : thread_([this, body = std::move(body)] { body(stopping_); }) {}
    helper(helper const&) = delete;
    helper& operator=(helper const&) = delete;
    ~helper() {
        stopping_.store(true, std::memory_order_relaxed);
        thread_.join();
    }

private:
    std::atomic<bool> stopping_{false};
    std::thread thread_;  // last: it uses the rest
};

}  // namespace hocket::bench
