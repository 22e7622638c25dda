// The whole runtime, every step of its scheduler chosen: workers, stealing, sleeping, timers, sync objects, shutdown.
//
// Isolated, because the library keeps state beyond a runtime, which an abandoned schedule would leave half changed, and
// because many a wrong switch ends the process.
#include <chrono>
#include <cstdint>
#include <hocket/hocket.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.hpp"
#include "seam/choice.hpp"
#include "seam/clock.hpp"
#include "seam/futex.hpp"
#include "seam/pause.hpp"

using hocket::detail::atomic;
using hocket::detail::seam::fault;
using hocket::explorer::explore_options;
using hocket::explorer::finds;
using hocket::explorer::passes;
using hocket::explorer::require;
using hocket::explorer::tally;
using hocket::explorer::thread;
namespace seam = hocket::detail::seam;
using namespace std::chrono_literals;

namespace {

explore_options named(char const* name, unsigned schedules = 1500) {
    return {.name = name, .schedules = schedules, .max_steps = 50'000, .isolated = true};
}

hocket::runtime_options small(unsigned workers, unsigned blocking = 1) {
    return {.workers = workers,
            .blocking_workers = blocking,
            .stack_size = 64 * 1024,
            .seed = 1,
            .logger = [](hocket::log_level, std::string_view) {}};
}

void async_and_get() {
    hocket::runtime rt{small(2)};
    int const sum = rt.run([] {
        auto a = hocket::async([] { return 1; });
        auto b = hocket::async([] {
            hocket::this_fiber::yield();
            return 2;
        });
        auto c = hocket::async([]() -> int { throw std::runtime_error("lost"); });
        int caught = 0;
        try {
            c.get();
        } catch (std::runtime_error const& e) {
            caught = e.what() == std::string("lost") ? 4 : 0;
        }
        return a.get() + b.get() + caught;
    });
    require(sum == 7, "results and exceptions arrive");
}

// Each task of a tree runs once, also those that are still there when the runtime is destroyed.
void tree_of_tasks() {
    tally runs;
    {
        hocket::runtime rt{small(2)};
        struct node {
            tally& runs;
            int depth;
            void operator()() const {
                if (depth % 2 == 1) hocket::this_fiber::yield();
                ++runs;
                if (depth == 0) return;
                hocket::go(node{runs, depth - 1});
                hocket::go(node{runs, depth - 1});
            }
        };
        rt.run(node{runs, 3});
    }
    require(runs == 15, "each task runs once");
}

// A task that never lets go of its worker does not keep the next one from running on the other.
void hog_and_helper() {
    hocket::runtime rt{small(2)};
    rt.run([] {
        atomic<int> begun{0};
        auto meet = [&] {
            begun.fetch_add(1);
            while (begun.load() < 2) seam::pause();
        };
        auto other = hocket::async(meet);
        meet();
        other.get();
    });
}

// The same among tasks that a sleeper was woken for: three workers, each needed at the same time.
void three_hogs() {
    hocket::runtime rt{small(3)};
    rt.run([] {
        atomic<int> begun{0};
        auto meet = [&] {
            begun.fetch_add(1);
            while (begun.load() < 3) seam::pause();
        };
        auto b = hocket::async([&] {
            auto c = hocket::async(meet);
            meet();
            c.get();
        });
        meet();
        b.get();
    });
}

void mutex_of_fibers_and_threads() {
    hocket::runtime rt{small(2)};
    hocket::mutex m;
    int inside = 0, count = 0;
    auto enter = [&](bool yields) {
        std::lock_guard held(m);
        require(++inside == 1, "one at a time");
        if (yields) hocket::this_fiber::yield();
        ++count;
        --inside;
    };
    thread outsider([&] { enter(false), enter(true); }, "outsider");
    rt.run([&] {
        auto a = hocket::async([&] { enter(true), enter(false); });
        auto b = hocket::async([&] { enter(true); });
        enter(true);
        a.get(), b.get();
    });
    outsider.join();
    require(count == 6, "everybody got in");
}

// A waiter may destroy what it waited for as soon as it has it: the one that let it in touches it no more.
void mutex_that_dies_early() {
    hocket::runtime rt{small(2)};
    rt.run([] {
        auto m = std::make_unique<hocket::mutex>();
        m->lock();
        auto a = hocket::async([&m] {
            m->lock();
            m->unlock();
            m.reset();
        });
        hocket::this_fiber::yield();
        m->unlock();
        a.get();
    });
}

void channel_of(std::size_t capacity) {
    hocket::runtime rt{small(2)};
    hocket::channel<int> ch(capacity);
    tally received, sum;
    rt.run([&] {
        auto produce = [&](int first) {
            for (int i = first; i < first + 3; ++i) require(ch.send(int(i)), "an open channel takes a value");
        };
        auto consume = [&] {
            while (auto v = ch.recv()) ++received, sum += *v;
        };
        auto p = hocket::async([&] { produce(1); });
        auto c = hocket::async(consume);
        auto d = hocket::async(consume);
        produce(10);
        p.get();
        ch.close();
        c.get(), d.get();
    });
    require(received == 6 && sum == 1 + 2 + 3 + 10 + 11 + 12, "each value arrives once");
}

void sleepers() {
    hocket::runtime rt{small(2)};
    rt.run([] {
        auto sleep = [](std::chrono::nanoseconds d) {
            std::int64_t const begin = seam::now();
            hocket::this_fiber::sleep_for(d);
            require(seam::now() - begin >= d.count(), "nobody wakes early");
        };
        auto a = hocket::async([&] { sleep(5ms); });
        auto b = hocket::async([&] { sleep(1h); });
        sleep(20us);
        a.get(), b.get();
    });
}

// A permit that comes as the waiter gives up is either taken or still there.
void permit_or_timeout() {
    hocket::runtime rt{small(2)};
    hocket::counting_semaphore<> s(0);
    rt.run([&] {
        auto waiter = hocket::async([&] { return s.try_acquire_for(30us); });
        auto second = hocket::async([&] { return s.try_acquire_for(60us); });
        hocket::this_fiber::sleep_for(25us);
        s.release();
        int const got = waiter.get() + second.get();
        require(got + s.try_acquire() == 1, "one permit, one owner");
        require(!s.try_acquire(), "and no more");
    });
}

void notified_or_timeout() {
    hocket::runtime rt{small(2)};
    rt.run([] {
        hocket::mutex m;
        hocket::condition_variable cv;
        bool ready = false;
        auto wait = [&](bool limited) {
            std::unique_lock held(m);
            if (!limited)
                cv.wait(held, [&] { return ready; });
            else if (!cv.wait_for(held, 30us, [&] { return ready; }))
                require(!ready, "a wait that timed out tells the truth");
            require(held.owns_lock(), "the mutex is held again");
        };
        auto a = hocket::async([&] { wait(false); });
        auto b = hocket::async([&] { wait(true); });
        hocket::this_fiber::sleep_for(25us);
        {
            std::lock_guard held(m);
            ready = true;
        }
        cv.notify_one();
        cv.notify_all();
        a.get(), b.get();
    });
}

void blocking_calls() {
    hocket::runtime rt{small(1, 2)};
    rt.run([] {
        atomic<std::uint32_t> word{0};
        hocket::go_blocking([&] {
            word.store(1);
            seam::futex_wake(word, 1);
        });
        int const seen = hocket::blocking([&] {
            while (word.load() == 0) seam::futex_wait(word, 0);
            return 3;
        });
        require(seen == 3, "a blocking call returns its result");
    });
}

// Blocking workers without work of their own lend a hand.
void blocking_workers_help() {
    hocket::runtime rt{small(1, 2)};
    rt.run([] {
        atomic<int> begun{0};
        auto meet = [&] {
            begun.fetch_add(1);
            while (begun.load() < 2) seam::pause();
        };
        auto a = hocket::async(meet);
        meet();
        a.get();
    });
}

void pinned_tasks() {
    hocket::runtime rt{small(2)};
    rt.run([] {
        auto stays = [](int worker) {
            for (int i = 0; i < 3; ++i) {
                require(hocket::this_fiber::worker() == worker, "a pinned task stays on its worker");
                if (i == 1)
                    hocket::this_fiber::sleep_for(1us);
                else
                    hocket::this_fiber::yield();
            }
        };
        auto a = hocket::async({.worker = 0}, [&] { stays(0); });
        auto b = hocket::async({.worker = 1}, [&] { stays(1); });
        auto c = hocket::async({.delay = 10us, .worker = 1}, [&] { stays(1); });
        a.get(), b.get(), c.get();
    });
}

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

void owned_fibers() {
    hocket::runtime rt{small(2)};
    rt.run([] {
        bool stopped = false;
        {
            hocket::fiber f([&](std::stop_token asked) {
                while (!asked.stop_requested()) hocket::this_fiber::yield();
                stopped = true;
            });
            hocket::this_fiber::yield();
        }
        require(stopped, "the destructor asks and joins");
    });
}

// Fewer stacks than fibers that would like to suspend: fresh tasks wait until those that have begun are over.
void few_stacks() {
    hocket::runtime_options o = small(2);
    o.max_stacks = 7;
    hocket::runtime rt{o};
    tally runs;
    rt.run([&] {
        std::vector<hocket::future<void>> all;
        for (int i = 0; i < 6; ++i)
            all.push_back(hocket::async([&, i] {
                hocket::this_fiber::sleep_for(std::chrono::microseconds(10 * i));
                ++runs;
            }));
        for (auto& f : all) f.get();
    });
    require(runs == 6, "each task runs");
}

void own_stacks() {
    hocket::runtime rt{small(2)};
    rt.run([] {
        auto a = hocket::async({.stack_size = 128 * 1024}, [] {
            hocket::this_fiber::yield();
            return 1;
        });
        auto b = hocket::async({.worker = 1, .stack_size = 128 * 1024}, [] {
            hocket::this_fiber::sleep_for(1us);
            return hocket::this_fiber::worker();
        });
        require(a.get() + b.get() == 2, "tasks on stacks of their own");
    });
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

// Fibers and plain threads wait for each other.
void fibers_and_threads() {
    hocket::runtime rt{small(2)};
    hocket::channel<int> in(1), out;
    hocket::promise<int> told;
    auto answer = told.get_future();
    thread outsider(
        [&] {
            require(in.send(1) && in.send(2), "an open channel takes a value");
            in.close();
            told.set_value(*out.recv());
        },
        "outsider");
    rt.run([&] {
        auto adder = hocket::async([&] {
            int sum = 0;
            while (auto v = in.recv()) sum += *v;
            require(out.send(int(sum)), "an open channel takes a value");
        });
        require(answer.get() == 3, "the sum comes back");
        adder.get();
    });
    outsider.join();
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

void unhandled_exception() {
    std::string told;
    {
        hocket::runtime_options o = small(2);
        o.on_unhandled = [&](std::string_view task, std::exception_ptr) { told = task; };
        hocket::runtime rt{o};
        rt.run([] { hocket::go({.name = "thrower"}, [] { throw 1; }); });
    }
    require(told == "thrower", "the handler is told");
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

// Each task has its own locals and arena, wherever it goes on, and they are gone when its future is ready.
void locals_and_arenas() {
    static hocket::fiber_local<int> number;
    tally ended;
    struct mark {
        tally* ended;
        explicit mark(tally* e) : ended(e) {}
        ~mark() { ++*ended; }
    };
    hocket::runtime rt{small(2)};
    rt.run([&] {
        auto work = [&](int mine) {
            *number = mine;
            hocket::this_fiber::arena().make<mark>(&ended);
            int& kept = hocket::this_fiber::arena().make<int>(mine);
            hocket::this_fiber::yield();
            require(*number == mine && kept == mine, "what a task keeps is its own");
        };
        auto a = hocket::async(work, 1), b = hocket::async(work, 2);
        work(3);
        a.get(), b.get();
        require(ended == 2, "an arena is reset before its task's completion is told");
    });
    require(ended == 3, "and so is the first task's");
}

// A program that is another one in each schedule: tasks that do whatever the dice say, and a stranger who hands in
// more.
class random_program {
public:
    void run() {
        {
            hocket::runtime rt{small(1 + below(3), 1 + below(2))};
            if (below(3) == 0) rt.start();
            thread stranger(
                [&] {
                    for (std::uint32_t n = below(3); n != 0; --n) {
                        try {
                            ++begun_;
                            rt.go([this] { task(1); });
                        } catch (hocket::no_runtime const&) {
                            ++ended_;
                        }
                    }
                    if (below(4) == 0) rt.shutdown();
                },
                "stranger");
            try {
                for (std::uint32_t n = below(3); n != 0; --n) rt.run([this] { act(2); });
            } catch (hocket::no_runtime const&) {
            }
            if (below(2) == 0) rt.shutdown();
            stranger.join();
        }
        require(begun_ == ended_, "each task runs once");
    }

private:
    std::uint32_t below(std::uint32_t n) { return seam::choice(1).below(n); }

    void task(int depth) {
        act(depth);
        ++ended_;
    }

    void spawn(int depth, hocket::launch how) {
        ++begun_;
        if (below(2) == 0)
            hocket::go(how, [this, depth] { task(depth); });
        else
            hocket::async(how, [this, depth] { task(depth); }).get();
    }

    // Not in a blocking task, where nothing may suspend but for the thread.
    void act(int depth) {
        for (std::uint32_t n = below(4); n != 0; --n) {
            auto const some = std::chrono::microseconds(below(60));
            switch (below(depth > 0 ? 11 : 6)) {
                case 0: hocket::this_fiber::yield(); break;
                case 1: hocket::this_fiber::sleep_for(some); break;
                case 2: {
                    std::lock_guard held(mutex_);
                    require(++inside_ == 1, "one at a time");
                    if (below(2) == 0) hocket::this_fiber::yield();
                    --inside_;
                    break;
                }
                case 3:
                    if (below(2) == 0)
                        permits_.acquire();
                    else if (!permits_.try_acquire_for(some))
                        break;
                    if (below(2) == 0) hocket::this_fiber::yield();
                    permits_.release();
                    break;
                case 4:
                    static_cast<void>(box_.try_send(1));
                    break;
                case 5: {
                    std::optional<int> got;
                    static_cast<void>(box_.try_recv(got));
                    break;
                }
                case 6: spawn(depth - 1, {}); break;
                case 7: spawn(depth - 1, {.worker = 0}); break;
                case 8: spawn(depth - 1, {.delay = some}); break;
                case 9: spawn(depth - 1, {.stack_size = 128 * 1024}); break;
                case 10: hocket::blocking([&] { hocket::this_fiber::sleep_for(some); }); break;
            }
        }
    }

    hocket::mutex mutex_;
    int inside_ = 0;  // guarded by mutex_
    hocket::counting_semaphore<> permits_{1};
    hocket::channel<int> box_{1};
    tally begun_, ended_;
};

struct scenario {
    char const* name;
    void (*body)();
};

constexpr scenario scenarios[] = {
    {"async and get", async_and_get},
    {"tree of tasks", tree_of_tasks},
    {"hog and helper", hog_and_helper},
    {"three hogs", three_hogs},
    {"mutex", mutex_of_fibers_and_threads},
    {"mutex that dies early", mutex_that_dies_early},
    {"rendezvous", [] { channel_of(0); }},
    {"channel of one", [] { channel_of(1); }},
    {"sleepers", sleepers},
    {"permit or timeout", permit_or_timeout},
    {"notified or timeout", notified_or_timeout},
    {"blocking calls", blocking_calls},
    {"blocking workers help", blocking_workers_help},
    {"pinned tasks", pinned_tasks},
    {"strangers", strangers},
    {"started runtime", started_runtime},
    {"owned fibers", owned_fibers},
    {"few stacks", few_stacks},
    {"own stacks", own_stacks},
    {"left behind", left_behind},
    {"shut down meanwhile", shut_down_meanwhile},
    {"fibers and threads", fibers_and_threads},
    {"two runtimes", two_runtimes},
    {"unhandled exception", unhandled_exception},
    {"watched", watched},
    {"locals and arenas", locals_and_arenas},
};

}  // namespace

TEST_CASE("runtime: every scenario under every schedule tried") {
    for (scenario const& s : scenarios) passes(named(s.name), s.body);
}

TEST_CASE("runtime: random programs") {
    passes(named("random program", 8000), [] { random_program().run(); });
}

TEST_CASE("runtime: a fiber shown to its waker before it is saved is found") {
    finds(fault::publish_before_saved, named("published too early", 20'000), "", async_and_get);
}

TEST_CASE("runtime: a worker that sleeps without another look is found") {
    // A deadlock when nobody is left awake, a livelock when the hog is.
    finds(fault::sleep_without_recheck, named("sleeps too early", 20'000), "lock: ", hog_and_helper);
}

TEST_CASE("runtime: a fiber that sleeps although it has been woken is found") {
    finds(fault::park_ignores_delivery, named("parks over a wake-up", 20'000), "deadlock", async_and_get);
    finds(fault::park_ignores_delivery, named("parks over a permit", 20'000), "deadlock", permit_or_timeout);
}

TEST_CASE("runtime: two who end one wait are found") {
    finds(fault::claim_in_two_steps, named("claimed twice", 50'000), "", permit_or_timeout);
}
