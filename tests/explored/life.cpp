// The life of a runtime: who starts it, hands tasks in, looks on, and ends it, in any order.
#include <chrono>
#include <hocket/hocket.hpp>
#include <memory>
#include <sstream>

#include "check.hpp"

using hocket::detail::atomic;
using hocket::explorer::passes;
using hocket::explorer::require;
using hocket::explorer::small;
using hocket::explorer::tally;
using hocket::explorer::thread;
using hocket::explorer::whole;
using namespace std::chrono_literals;

namespace {

// Tasks that strangers hand in before, during and after the runtime's life are run or refused, never lost.
void strangers() {
    tally accepted, refused, runs;
    {
        hocket::runtime rt{small(2)};
        auto submit = [&] {
            try {
                rt.go([&] { ++runs; });
                ++accepted;
            } catch (hocket::no_runtime const&) {
                ++refused;
            }
        };
        submit();
        thread a([&] { submit(), submit(); }, "stranger");
        rt.run([] { hocket::this_fiber::yield(); });
        rt.shutdown();
        a.join();
    }
    require(accepted + refused == 3, "each is answered");
    require(runs == accepted, "what was accepted was run");
}

void started_runtime() {
    tally runs;
    hocket::runtime rt{small(2)};
    rt.start();
    rt.go([&] { ++runs; });
    require(rt.run([] { return 5; }) == 5, "run() on a started runtime");
    require(rt.run([] { return 6; }) == 6, "and again");
    rt.shutdown();
    require(runs == 1, "the task was run");
}

// What the first task leaves behind: a sleeper on worker 0, which has gone, a task pinned to it, one that has yet to
// start.
void left_behind() {
    tally runs;
    {
        hocket::runtime rt{small(2)};
        rt.run([&] {
            hocket::go([&] {
                hocket::this_fiber::sleep_for(50us);
                ++runs;
            });
            hocket::go({.worker = 0}, [&] {
                hocket::this_fiber::yield();
                ++runs;
            });
            hocket::go({.delay = 80us}, [&] { ++runs; });
            hocket::this_fiber::yield();
        });
        rt.run([&] { ++runs; });
    }
    require(runs == 4, "each task runs");
}

// shutdown() by another thread while run() is at work: run() still returns, and what it started is drained.
void shut_down_meanwhile() {
    tally runs;
    hocket::runtime rt{small(2)};
    thread other([&] { rt.shutdown(); }, "shutdown");
    try {
        rt.run([&] {
            hocket::go([&] {
                hocket::this_fiber::sleep_for(10us);
                ++runs;
            });
            hocket::this_fiber::sleep_for(5us);
            ++runs;
        });
    } catch (hocket::no_runtime const&) {
        runs += 2;  // it was too late
    }
    other.join();
    rt.shutdown();
    require(runs == 2, "each task runs");
}

// A task of one runtime waits for one of another.
void two_runtimes() {
    hocket::runtime first{small(1)}, second{small(1)};
    second.start();
    int const got = first.run([&] {
        hocket::promise<int> p;
        auto f = p.get_future();
        second.go([p = std::make_shared<hocket::promise<int>>(std::move(p))] {
            hocket::this_fiber::yield();
            p->set_value(4);
        });
        return f.get();
    });
    require(got == 4, "the value arrives");
}

// Somebody outside looks at everything while it changes.
void watched() {
    hocket::runtime rt{small(2)};
    atomic<bool> over{false};
    thread watcher(
        [&] {
            for (int looks = 0; looks < 5 && !over.load(); ++looks) {
                std::ostringstream out;
                rt.dump(out);
                hocket::runtime_stats const s = rt.stats();
                require(s.completed <= s.spawned, "no more completed than spawned");
            }
        },
        "watcher");
    rt.run([&] {
        auto a = hocket::async({.name = "named"}, [] { hocket::this_fiber::sleep_for(1us); });
        auto b = hocket::async([] { hocket::this_fiber::yield(); });
        a.get(), b.get();
        over.store(true);
    });
    watcher.join();
}

}  // namespace

TEST_CASE("life: what is handed in is run or refused, and the end waits for it") {
    passes(whole("strangers"), strangers);
    passes(whole("started runtime"), started_runtime);
    passes(whole("left behind"), left_behind);
    passes(whole("shut down meanwhile"), shut_down_meanwhile);
    passes(whole("two runtimes"), two_runtimes);
    passes(whole("watched"), watched);
}
