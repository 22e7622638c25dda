// Tasks on a whole runtime: started, stolen, pinned, on stacks of their own; what they return, keep and leave.
#include <chrono>
#include <cstdint>
#include <hocket/hocket.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.hpp"
#include "seam/futex.hpp"
#include "seam/pause.hpp"

using hocket::detail::atomic;
using hocket::detail::seam::fault;
using hocket::explorer::finds;
using hocket::explorer::passes;
using hocket::explorer::require;
using hocket::explorer::small;
using hocket::explorer::tally;
using hocket::explorer::whole;
namespace seam = hocket::detail::seam;
using namespace std::chrono_literals;

namespace {

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

// Fibers that are woken together, each of which needs a worker at the same time: who has taken several sees to the rest.
void fibers_that_meet(unsigned workers) {
    hocket::runtime rt{small(workers)};
    rt.run([=] {
        hocket::event go_on;
        atomic<unsigned> begun{0};
        hocket::scope all;
        for (unsigned i = 0; i < workers; ++i)
            all.spawn([&] {
                go_on.wait();
                begun.fetch_add(1);
                while (begun.load() < workers) seam::pause();
            });
        hocket::this_fiber::yield();
        go_on.set();
        all.join();
    });
}

// What was left to a worker that looked for work is not forgotten when he is called for something of his own.
void called_while_searching() {
    hocket::runtime rt{small(3)};
    rt.run([] {
        hocket::event go_on;
        atomic<bool> done{false};
        auto holds = [&] {
            while (!done.load()) seam::pause();
        };
        auto pinned = hocket::async({.worker = 1}, [&] {
            go_on.wait();
            holds();
        });
        hocket::this_fiber::sleep_for(1us);
        auto left = hocket::async([&] { done.store(true); });
        go_on.set();
        holds();
        pinned.get(), left.get();
    });
}

// As many calls that block as there are threads for them, each of which waits for the others; tasks that need the
// blocking workers' help because every ordinary worker is held.
void blocking_workers_that_meet() {
    hocket::runtime rt{small(1, 2)};
    rt.run([] {
        atomic<int> begun{0};
        auto meet = [&](int all) {
            begun.fetch_add(1);
            while (begun.load() < all) seam::pause();
        };
        hocket::scope s;
        hocket::latch ended(2);
        for (int i = 0; i < 2; ++i)
            hocket::go_blocking([&] {
                meet(2);
                ended.count_down();
            });
        ended.wait();
        begun.store(0);
        for (int i = 0; i < 2; ++i) s.spawn([&] { meet(3); });
        meet(3);
        s.join();
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

}  // namespace

TEST_CASE("task: each runs once, wherever it goes on") {
    passes(whole("async and get"), async_and_get);
    passes(whole("tree of tasks"), tree_of_tasks);
    passes(whole("hog and helper"), hog_and_helper);
    passes(whole("three hogs"), three_hogs);
    passes(whole("pinned tasks"), pinned_tasks);
}

TEST_CASE("task: those that need each other run at once") {
    passes(whole("two fibers meet"), [] { fibers_that_meet(2); });
    passes(whole("three fibers meet"), [] { fibers_that_meet(3); });
    passes(whole("called while searching"), called_while_searching);
    passes(whole("blocking workers meet"), blocking_workers_that_meet);
}

TEST_CASE("task: stacks, blocking calls, what is thrown, what is kept") {
    passes(whole("own stacks"), own_stacks);
    passes(whole("few stacks"), few_stacks);
    passes(whole("blocking calls"), blocking_calls);
    passes(whole("blocking workers help"), blocking_workers_help);
    passes(whole("owned fibers"), owned_fibers);
    passes(whole("unhandled exception"), unhandled_exception);
    passes(whole("locals and arenas"), locals_and_arenas);
}

TEST_CASE("task: a fiber shown to its waker before it is saved is found") {
    finds(fault::publish_before_saved, whole("published too early", 20'000), "", async_and_get);
}

TEST_CASE("task: a worker that sleeps without another look is found") {
    // A deadlock when nobody is left awake, a livelock when the hog is.
    finds(fault::sleep_without_recheck, whole("sleeps too early", 20'000), "lock: ", hog_and_helper);
}

TEST_CASE("task: who keeps to himself what was left to him is found") {
#if !defined(HOCKET_ASAN) && !defined(HOCKET_TSAN)  // which are too slow for what one schedule in a hundred thousand shows
    hocket::explorer::explore_options seldom = whole("rest of a theft", 300'000);
    seldom.seed = 837'360'500;  // it was 837360634; when schedules are others, let it look for one with 1'500'000
    finds(fault::thief_keeps_the_rest, seldom, "", [] { fibers_that_meet(3); });
#endif
    finds(fault::called_forgets_what_was_left, whole("called meanwhile", 50'000), "", called_while_searching);
    finds(fault::blocking_worker_keeps_the_rest, whole("blocking worker's rest", 50'000), "", blocking_workers_that_meet);
}
