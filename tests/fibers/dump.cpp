// The list of live tasks.
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <hocket/channel.hpp>
#include <hocket/condition_variable.hpp>
#include <hocket/fiber.hpp>
#include <hocket/mutex.hpp>
#include <hocket/runtime.hpp>
#include <hocket/semaphore.hpp>
#include <mutex>
#include <sstream>
#include <string>

#include "dumped.hpp"

using namespace std::chrono_literals;

FIBER_TEST_CASE("dump: a line for each live task, with name, state, reason and spawn site", .workers = {1, 2, 4}) {
    hocket::runtime& rt = hocket::testing::runtime_under_test();
    hocket::mutex m;
    hocket::condition_variable cv;
    hocket::counting_semaphore<> s(0);
    hocket::channel<int> full(1), empty(1);
    CHECK(full.send(1));
    std::atomic<bool> over{false};
    m.lock();
    hocket::fiber on_mutex({.name = "on a mutex"}, [&] { std::lock_guard const held(m); });
    hocket::fiber on_semaphore({.name = "on a semaphore", .worker = 0}, [&] { s.acquire(); });
    hocket::fiber on_condition([&] {
        hocket::mutex mine;
        std::unique_lock held(mine);
        cv.wait(held);
    });
    hocket::fiber sends([&] { static_cast<void>(full.send(2)); });
    hocket::fiber receives([&] { static_cast<void>(empty.recv()); });
    hocket::fiber joins([&] { on_mutex.join(); });
    hocket::fiber sleeps([&] {
        while (!over.load()) hocket::this_fiber::sleep_for(20ms);
    });
    for (char const* const words :
         {"waits for a mutex", "waits for a semaphore", "waits for a condition variable", "sends into a full channel",
          "receives from an empty channel", "waits for a result", "sleeps"}) {
        CAPTURE(words);
        wait_until_dumped(rt, 1, words);
    }
    std::ostringstream out;
    rt.dump(out);
    std::string const all = out.str();
    CHECK(all.find("'on a mutex': suspended, waits for a mutex") != std::string::npos);
    CHECK(all.find("'on a semaphore': suspended, waits for a semaphore, pinned to worker 0") != std::string::npos);
    CHECK(all.find("spawned at ") != std::string::npos);
    CHECK(all.find(": running") != std::string::npos);
    CHECK(count_dumped(rt, "\n") == 8);
    over.store(true);
    m.unlock();
    s.release();
    sleeps.join();
    cv.notify_all();
    CHECK(full.recv() == 1);
    empty.close();
    CHECK(full.recv() == 2);
}
