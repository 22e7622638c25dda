// The list of live tasks.
#include <hocket/testing.hpp>
#include <unistd.h>

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

namespace {

// Stands on some `kib` KiB more of its stack when it calls f().
template <class F>
__attribute__((noinline)) std::size_t deep(std::size_t kib, F const& f) {
    char frame[1000];
    frame[0] = 1;
    asm volatile("" : : "r"(frame) : "memory");  // each level has one of its own
    std::size_t below = 0;
    if (kib > 1)
        below = deep(kib - 1, f);
    else
        f();
    return below + static_cast<std::size_t>(frame[0]);
}

// The number before `words` in the dump's line that holds `name`.
std::size_t kib_dumped(hocket::runtime const& rt, std::string const& name, std::string const& words) {
    std::ostringstream out;
    rt.dump(out);
    std::string const all = out.str();
    std::size_t const begin = all.find(name);
    if (begin == std::string::npos) return 0;
    std::string const line = all.substr(begin, all.find('\n', begin) - begin);
    std::size_t const end = line.find(words);
    if (end == std::string::npos) return 0;
    return std::stoul(line.substr(line.rfind(' ', end - 1) + 1));
}

}  // namespace

FIBER_TEST_CASE("dump, measure_stacks: how much of its stack a fiber has used", .workers = {1, 2, 4}) {
    using namespace hocket::literals;
    hocket::runtime& rt = hocket::testing::runtime_under_test();
    hocket::counting_semaphore<> s(0);
    std::size_t const page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    CHECK(rt.measure_stacks().size() == 1);  // no other size has been used
    // Fibers that stand still for long would lose what they do not use any more.
    auto const wait = [&s] {
        while (!s.try_acquire_for(std::chrono::milliseconds(20))) {
        }
    };
    hocket::fiber shallow({.name = "shallow", .stack_size = 512_KiB}, wait);
    wait_until_dumped(rt, 1, "waits for a semaphore");
    std::size_t const least = kib_dumped(rt, "'shallow'", " of 512 KiB");
    CHECK(least >= 4);
    hocket::fiber deeper({.name = "deeper", .stack_size = 512_KiB}, [&] { deep(200, wait); });
    hocket::fiber usual({.name = "usual"}, [&] { deep(20, wait); });
    wait_until_dumped(rt, 3, "waits for a semaphore");
    CHECK(kib_dumped(rt, "'shallow'", " of 512 KiB") == least);
    std::size_t const most = kib_dumped(rt, "'deeper'", " of 512 KiB");
    CHECK(most >= least + 190);
    CHECK(most <= 512);
    CHECK(kib_dumped(rt, "'usual'", " of 64 KiB") >= 20);
    CHECK(kib_dumped(rt, "'usual'", " of 64 KiB") <= 64);

    auto const all = rt.measure_stacks();
    REQUIRE(all.size() == 2);
    CHECK(all[0].stack_size == 64_KiB);
    CHECK(all[0].stacks >= rt.stats().workers);
    CHECK(all[0].deepest >= 20_KiB);
    CHECK(all[0].deepest <= 64_KiB);
    CHECK(all[1].stack_size == 512_KiB);
    CHECK(all[1].stacks == 2);
    CHECK(all[1].deepest == most * 1024);
    CHECK(all[1].deepest % page == 0);
    s.release(3);
}
