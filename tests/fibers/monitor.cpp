// What becomes of those who wait behind a task that does not let its worker go.
#include <hocket/go.hpp>
#include <hocket/testing.hpp>

#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <hocket/latch.hpp>
#include <hocket/runtime.hpp>
#include <hocket/this_fiber.hpp>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "clean.hpp"

using namespace std::chrono_literals;
using hocket::runtime;

namespace {

// Holds the worker until `enough()`, in vain if that lasts too long: whether it came.
template <class F>
bool hog(F enough) {
    auto const limit = std::chrono::steady_clock::now() + 20s;
    while (!enough())
        if (std::chrono::steady_clock::now() > limit) return false;
    return true;
}

struct warnings {
    std::mutex guard;
    std::string text;
    std::atomic<int> count{0};

    auto logger() {
        return [this](hocket::log_level level, std::string_view line) {
            if (level < hocket::log_level::warning) return;
            std::lock_guard const held(guard);
            text.append(line).append("\n");
            ++count;
        };
    }
    std::string all() {
        std::lock_guard const held(guard);
        return text;
    }
};

}  // namespace

TEST_CASE("monitor: a timer on a worker that is held fires all the same") {
    for (unsigned const workers : {1u, 2u}) {
        CAPTURE(workers);
        runtime rt({.workers = workers, .blocking_workers = 1});
        std::atomic<bool> tried{false}, came{false};
        rt.run([&] {
            for (bool seen = false; !seen;) {
                hocket::latch all(2);
                std::atomic<int> sleeps_on{-1};
                std::atomic<bool> woken{false};
                hocket::go([&] {
                    sleeps_on.store(hocket::this_fiber::worker());
                    hocket::this_fiber::sleep_for(1ms);
                    woken.store(true);
                    all.count_down();
                });
                hocket::go({.worker = 0}, [&] {
                    while (sleeps_on.load() < 0) hocket::this_fiber::yield();
                    if (sleeps_on.load() == 0) {
                        tried.store(true);
                        came.store(hog([&] { return woken.load(); }));
                    }
                    all.count_down();
                });
                all.wait();
                seen = tried.load();
            }
        });
        CHECK(came.load());
        check_clean(rt);
    }
}

TEST_CASE("monitor: who keeps waiting what nobody else can run is named, once") {
    warnings said;
    runtime rt({.workers = 2, .blocking_workers = 1, .logger = said.logger()});
    std::atomic<bool> begun{false};
    bool told = false;
    int after = 0;
    rt.run([&] {
        hocket::latch all(2);
        hocket::go({.name = "hog", .worker = 1}, [&] {
            begun.store(true);
            told = hog([&] { return said.count.load() != 0; });
            // Not told of again.
            auto const until = std::chrono::steady_clock::now() + 150ms;
            hog([&] { return std::chrono::steady_clock::now() > until; });
            after = said.count.load();
            all.count_down();
        });
        while (!begun.load()) std::this_thread::yield();
        hocket::go({.worker = 1}, [&all] { all.count_down(); });
        all.wait();
    });
    CHECK(told);
    CHECK(after == 1);
    std::string const text = said.all();
    CAPTURE(text);
    CHECK(text.find("'hog' (spawned at ") != std::string::npos);
    CHECK(text.find(" has held worker 1 for ") != std::string::npos);
    check_clean(rt);
}

namespace {

// What is said of a task that computes for long and keeps nobody waiting, of two that take turns on a worker that only
// they may use, and of one that is alone there.
std::string said_of_the_innocent() {
    warnings said;
    runtime rt({.workers = 2, .blocking_workers = 1, .logger = said.logger()});
    rt.run([&] {
        hocket::latch all(3), alone(1);
        auto const after = [](auto d) {
            return [until = std::chrono::steady_clock::now() + d] { return std::chrono::steady_clock::now() > until; };
        };
        hocket::go({.worker = 0}, [&] {  // on worker 1 the next two would wait for it
            hog(after(200ms));
            all.count_down();
        });
        for (int i = 0; i < 2; ++i)
            hocket::go({.worker = 1}, [&] {
                for (int k = 0; k < 20; ++k) {
                    hog(after(5ms));
                    hocket::this_fiber::yield();
                }
                all.count_down();
            });
        all.wait();
        hocket::go({.worker = 1}, [&] {
            hog(after(200ms));
            alone.count_down();
        });
        alone.wait();
    });
    check_clean(rt);
    return said.all();
}

}  // namespace

// On a busy machine a worker may stand still for 40 ms: then whoever runs there is named, rightly.
TEST_CASE("monitor: nobody is named who keeps nobody waiting, or takes turns") {
    std::string said;
    for (int tries = 0; tries < 10; ++tries)
        if ((said = said_of_the_innocent()).empty()) break;
    CHECK(said == "");
}

TEST_CASE("monitor: it sleeps when all do, and is back in time") {
    warnings said;
    runtime rt({.workers = 2, .blocking_workers = 1, .logger = said.logger()});
    rt.start();
    for (int i = 1; i <= 2; ++i) {
        std::this_thread::sleep_for(400ms);  // more than its patience
        std::atomic<bool> begun{false};
        std::atomic<int> over{0};
        rt.go({.name = "hog", .worker = 1}, [&, i] {
            begun.store(true);
            hog([&, i] { return said.count.load() >= i; });
            ++over;
        });
        while (!begun.load()) std::this_thread::yield();
        rt.go({.worker = 1}, [&] { ++over; });
        CHECK(hog([&] { return over.load() == 2; }));
        CHECK(said.count.load() == i);
    }
    rt.shutdown();
}

namespace {

// The monitor among the threads of this process; 0 when there is none.
int monitor_thread() {
    for (auto const& thread : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream file(thread.path() / "comm");
        if (std::string name; std::getline(file, name) && name == "hocket-m")
            return std::stoi(thread.path().filename().string());
    }
    return 0;
}
bool monitor_is_there() { return monitor_thread() != 0; }

}  // namespace

TEST_CASE("monitor: its thread begins with the first timer, pinned task or pin, and not before") {
    std::function<void()> const causes[] = {
        [] { hocket::this_fiber::sleep_for(1ms); },
        [] { hocket::go({.worker = 0}, [] {}); },
        [] { hocket::go({.delay = 1ms}, [] {}); },
        [] { auto const stays = hocket::this_fiber::pin(); },
    };
    auto const gone = [] { return !monitor_is_there(); };
    for (auto const& cause : causes) {
        CAPTURE(&cause - causes);
        REQUIRE(hog(gone));  // a thread that has been joined is still seen for a moment
        runtime rt({.workers = 2, .blocking_workers = 1});
        rt.run([] { hocket::go([] { hocket::this_fiber::yield(); }); });
        CHECK_FALSE(monitor_is_there());
        rt.run([&] {
            cause();
            cause();
        });
        CHECK(hog(monitor_is_there));  // it gives itself its name
    }
    CHECK(hog(gone));
}

TEST_CASE("monitor: not before the workers") {
    runtime rt({.workers = 1, .blocking_workers = 1});
    std::atomic<bool> ran{false};
    rt.go({.worker = 0}, [&] { ran.store(true); });
    CHECK_FALSE(monitor_is_there());
    rt.start();
    CHECK(hog([&] { return ran.load(); }));
    CHECK(hog(monitor_is_there));
}

TEST_CASE("monitor: it has nothing of the thread that happens to start it") {
    cpu_set_t all;
    REQUIRE(sched_getaffinity(0, sizeof all, &all) == 0);
    runtime rt({.workers = 1, .blocking_workers = 1});
    rt.start();
    std::atomic<bool> armed{false};
    rt.go({.own_fp_control = true}, [&] {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(sched_getcpu(), &one);
        sched_param const lowest{};
        CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
        CHECK(sched_setscheduler(0, SCHED_IDLE, &lowest) == 0);
        hocket::this_fiber::sleep_for(1us);
        armed.store(true);
    });
    REQUIRE(hog([&] { return armed.load() && monitor_is_there(); }));
    int const thread = monitor_thread();
    cpu_set_t its;
    CHECK(sched_getaffinity(thread, sizeof its, &its) == 0);
    CHECK(CPU_EQUAL(&its, &all));
    if (geteuid() == 0) CHECK(sched_getscheduler(thread) == SCHED_OTHER);  // others may not leave the lowest class
    std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/status");
    unsigned long long blocked = 0;
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("SigBlk:")) blocked = std::stoull(line.substr(7), nullptr, 16);
    CHECK((blocked >> (SIGTERM - 1) & 1) == 1);
}
