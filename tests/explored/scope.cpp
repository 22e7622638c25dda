// Scopes on a whole runtime: a join waits for every task, and for nothing else, though workers count them by the way.
#include <hocket/scope.hpp>

#include <chrono>
#include <hocket/hocket.hpp>
#include <hocket/parallel_invoke.hpp>
#include <stdexcept>
#include <string>

#include "check.hpp"
#include "seam/pause.hpp"

using hocket::scope;
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

// What the tasks write, the owner reads: plain variables.
void spawn_and_join(unsigned workers) {
    hocket::runtime rt{small(workers)};
    rt.run([] {
        int did[3] = {};
        scope s;
        for (int& d : did) s.spawn([&d] { ++d; });
        s.join();
        require(did[0] == 1 && did[1] == 1 && did[2] == 1, "each runs once, before join() returns");
        s.join();
        s.spawn([&] { did[1] += did[0]; });
        s.join();
        require(did[1] == 2, "a scope can be used again");
    });
}

// Tasks that are suspended, and go on anywhere.
void suspended_tasks() {
    hocket::runtime rt{small(2)};
    rt.run([] {
        int yielded = 0, slept = 0, quick = 0;
        {
            scope s;
            s.spawn([&] {
                hocket::this_fiber::yield();
                ++yielded;
            });
            s.spawn([&] {
                hocket::this_fiber::sleep_for(20us);
                ++slept;
            });
            s.spawn([&] { ++quick; });
        }
        require(yielded == 1 && slept == 1 && quick == 1, "the destructor waits for all");
    });
}

// Tasks spawn into the scope that they are of.
void nested_spawns(unsigned workers) {
    hocket::runtime rt{small(workers)};
    rt.run([] {
        struct node {
            scope& s;
            tally& runs;
            int depth;
            void operator()() const {
                ++runs;
                if (depth == 0) return;
                s.spawn(node{s, runs, depth - 1});
                if (depth % 2 == 1) hocket::this_fiber::yield();
                s.spawn(node{s, runs, depth - 1});
            }
        };
        tally runs;
        scope s;
        s.spawn(node{s, runs, 2});
        s.spawn(node{s, runs, 1});
        s.join();
        require(runs == 7 + 3, "each runs once");
    });
}

// One scope after the other in the same place, and one inside the tasks of another: what a worker has counted for one
// is not told to the next.
void scope_after_scope() {
    hocket::runtime rt{small(2)};
    rt.run([] {
        tally runs;
        for (int i = 0; i < 3; ++i) {
            scope s;
            s.spawn([&] { ++runs; });
            s.spawn([&] {
                scope inner;
                inner.spawn([&] { ++runs; });
                inner.spawn([&] { ++runs; });
                inner.join();
                ++runs;
            });
            s.join();
            require(runs == 4 * (i + 1), "each runs once, before join() returns");
        }
    });
}

// Two scopes at a time, whose tasks the workers run in any order.
void two_scopes() {
    hocket::runtime rt{small(2)};
    rt.run([] {
        auto owns = [] {
            int first = 0, second = 0;
            scope s;
            s.spawn([&] { ++first; });
            hocket::this_fiber::yield();
            s.spawn([&] { ++second; });
            s.join();
            require(first == 1 && second == 1, "each runs once, before join() returns");
        };
        auto other = hocket::async(owns);
        owns();
        other.get();
    });
}

// A worker that has run a task of the scope goes on with something that ends only after the join.
void join_past_a_hog() {
    hocket::runtime rt{small(2)};
    rt.run([] {
        atomic<bool> joined{false};
        scope s;
        auto hog = hocket::async([&] {
            while (!joined.load()) seam::pause();
        });
        s.spawn([] {});
        s.join();
        joined.store(true);
        hog.get();
    });
}

// The same with a task that is suspended: its worker has counted others, and sleeps.
void join_past_a_sleeper() {
    hocket::runtime rt{small(2)};
    rt.run([] {
        hocket::binary_semaphore joined(0);
        scope s;
        auto sleeper = hocket::async([&] { joined.acquire(); });
        s.spawn([] {});
        s.spawn([] { hocket::this_fiber::yield(); });
        s.join();
        joined.release();
        sleeper.get();
    });
}

// The first that throws makes the others stop; the join waits for them and throws it.
void thrown() {
    hocket::runtime rt{small(2)};
    rt.run([] {
        scope s;
        int stopped = 0;
        s.spawn([&] {
            while (!hocket::this_fiber::get_stop_token().stop_requested()) hocket::this_fiber::yield();
            ++stopped;
        });
        s.spawn([] { throw std::runtime_error("first"); });
        std::string caught;
        try {
            s.join();
        } catch (std::runtime_error const& e) {
            caught = e.what();
        }
        require(caught == "first", "join() rethrows");
        require(stopped == 1, "when all have ended");
        s.join();
    });
}

// Two that throw, one of which is first: the other's exception is dropped, whoever it is.
void thrown_twice() {
    hocket::runtime rt{small(3)};
    rt.run([] {
        scope s;
        for (int i = 0; i < 2; ++i)
            s.spawn([i] {
                if (i == 0) hocket::this_fiber::yield();
                throw i;
            });
        int caught = -1;
        try {
            s.join();
        } catch (int i) {
            caught = i;
        }
        require(caught == 0 || caught == 1, "join() rethrows one of them");
        s.join();
        scope dropped;
        dropped.spawn([] { throw 1; });
    });
}

// Tasks that fork, and jobs that spawn: the two meet in one worker.
void scopes_and_forks() {
    hocket::runtime rt{small(2)};
    rt.run([] {
        tally runs;
        scope s;
        auto forks = [&] {
            hocket::parallel_invoke(
                [&] {
                    s.spawn([&] { ++runs; });
                    hocket::this_fiber::yield();
                },
                [&] {
                    scope mine;
                    mine.spawn([&] { ++runs; });
                    s.spawn([&] { ++runs; });
                    mine.join();
                });
        };
        s.spawn(forks);
        s.spawn(forks);
        s.join();
        require(runs == 6, "each runs once");
    });
}

// With attributes: pinned, delayed, named, on a stack of its own.
void attributes() {
    hocket::runtime rt{small(2)};
    rt.run([] {
        int did[4] = {};
        scope s;
        s.spawn({.worker = 1}, [&] { did[0] = hocket::this_fiber::worker(); });
        s.spawn({.delay = 10us}, [&] { ++did[1]; });
        s.spawn({.stack_size = 128 * 1024}, [&] {
            hocket::this_fiber::yield();
            ++did[2];
        });
        s.spawn({.name = "named"}, [&] { did[3] += hocket::this_fiber::name() == "named"; });
        s.join();
        require(did[0] == 1 && did[1] == 1 && did[2] == 1 && did[3] == 1, "each runs once, as it was asked for");
    });
}

// On a blocking worker, whose queues nobody looks after.
void owner_on_the_blocking_pool() {
    hocket::runtime rt{small(1)};
    rt.run([] {
        hocket::blocking([] {
            tally runs;
            scope s;
            s.spawn([&] { ++runs; });
            s.spawn([&] {
                hocket::this_fiber::yield();
                ++runs;
            });
            s.join();
            require(runs == 2, "each runs once");
        });
    });
}

}  // namespace

TEST_CASE("scope: a join waits for every task, and for nothing else") {
    passes(whole("spawn and join, one worker"), [] { spawn_and_join(1); });
    passes(whole("spawn and join, three workers"), [] { spawn_and_join(3); });
    passes(whole("suspended tasks"), suspended_tasks);
    passes(whole("nested spawns, two workers"), [] { nested_spawns(2); });
    passes(whole("nested spawns, three workers"), [] { nested_spawns(3); });
    passes(whole("scope after scope"), scope_after_scope);
    passes(whole("two scopes"), two_scopes);
    passes(whole("join past a hog"), join_past_a_hog);
    passes(whole("join past a sleeper"), join_past_a_sleeper);
    passes(whole("scopes and forks"), scopes_and_forks);
    passes(whole("attributes"), attributes);
    passes(whole("owner on the blocking pool"), owner_on_the_blocking_pool);
}

TEST_CASE("scope: what is thrown stops the others, and is rethrown when all have ended") {
    passes(whole("thrown"), thrown);
    passes(whole("thrown twice"), thrown_twice);
}

TEST_CASE("scope: a worker that does not say what it has counted is found") {
    finds(fault::scope_forgets_to_settle, whole("forgets to settle", 20'000), "deadlock", [] { spawn_and_join(1); });
    finds(fault::scope_forgets_to_settle, whole("forgets to settle, two workers", 20'000), "deadlock",
          [] { nested_spawns(2); });
}
