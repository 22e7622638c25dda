// What the tests of AsyncThreads share.
#pragma once

#include <atomic>
#include <thread>

#include "support.hpp"

namespace support {

// A module whose only purpose is its AsyncThreads. What the tests look at lies outside, and outlives it.
struct host : quiet {
    audio::async_thread async{this};
};

// A patch of one host; returns the instance.
inline host& load_host(rig& r) {
    audio::patch p("host");
    p.add<host>("host");
    r.load(p);
    return r.engine.at<host>(1);
}

// Lets an action stand still until it is told to go on.
struct gate {
    std::atomic<bool> entered{false};
    std::atomic<bool> open{false};
    std::atomic<int> passed{0};
    void pass() {
        entered = true;
        while (!open) std::this_thread::sleep_for(100us);
        ++passed;
    }
};

}  // namespace support
