// Going to another worker, surely.
#pragma once

#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <hocket/go.hpp>
#include <hocket/runtime.hpp>
#include <hocket/this_fiber.hpp>
#include <memory>
#include <thread>

// Moves the calling fiber to another worker: keeps the present one busy, and waits for somebody who is not a worker. Returns where
// it was.
inline int move_elsewhere() {
    using namespace std::chrono_literals;
    int const workers = static_cast<int>(hocket::testing::runtime_under_test().stats().workers);
    while (hocket::this_fiber::worker() >= workers) hocket::blocking([] {});  // a blocking worker that helps
    struct flags {
        std::atomic<bool> moved{false}, busy{false};
    };
    auto const f = std::make_shared<flags>();
    int const from = hocket::this_fiber::worker();
    hocket::go({.worker = from}, [f] {
        f->busy.store(true);
        auto const end = std::chrono::steady_clock::now() + 20s;
        while (!f->moved.load() && std::chrono::steady_clock::now() < end) {
        }
    });
    while (hocket::this_fiber::worker() == from)
        hocket::blocking([&f] {
            while (!f->busy.load()) std::this_thread::sleep_for(20us);
        });
    f->moved.store(true);
    return from;
}
