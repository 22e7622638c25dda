// Runs a piece of concurrent code under many schedules, each chosen by a seed and replayable from it.
//
//     explorer::explore_result r = explorer::explore({.name = "counter"}, [] {
//         detail::atomic<int> n{0};
//         explorer::thread a([&] { n.store(n.load() + 1); });
//         explorer::thread b([&] { n.store(n.load() + 1); });
//         a.join();
//         b.join();
//         explorer::require(n.load() == 2, "both increments count");
//     });
//
// The body and the threads it starts are virtual threads on the calling OS thread. Every operation of detail::atomic
// and of the seam is a scheduling point. A schedule passes when the body returns and every thread it started has
// ended. It fails by require(), by an exception that leaves a virtual thread, by a deadlock, a livelock, or at its
// step limit.
//
// A schedule that fails is abandoned where it stands: its frames are never unwound, no destructor runs, its stacks are
// not used again, and what it held stays held. A body that uses state which outlives it (globals of the library) is
// therefore explored with `isolated`.
//
// What is not explored: executions that are not sequentially consistent, std primitives, system calls. Plain accesses
// and orders that are too weak are found in builds with ThreadSanitizer. A std::mutex held across a scheduling point,
// or a static initialiser with a scheduling point in it, hangs the process.
#pragma once

#include <cstdint>
#include <functional>
#include <hocket/detail/config.hpp>
#include <memory>
#include <string>

#include "seam/thread.hpp"

namespace hocket::inline HOCKET_ABI::explorer {

enum class strategy : std::uint8_t {
    mixed,        // every third schedule by priorities, the others at random
    random_walk,  // at each scheduling point any thread may be next
    priorities,   // the thread of the highest priority runs; priorities fall now and then
};

struct explore_options {
    // Printed with the seed.
    char const* name = "";
    // Of the first schedule; each further one has the seed that follows. 0: from the system. The environment variable
    // HOCKET_SEED overrides it.
    std::uint64_t seed = 0;
    // How many; the environment variable HOCKET_SCHEDULES multiplies it, unless it is 1.
    unsigned schedules = 1000;
    strategy how = strategy::mixed;
    // Scheduling points after which a schedule is given up.
    unsigned max_steps = 100'000;
    // Of random walks: chance of a preemption at each scheduling point, 1 to 100; 0: drawn anew for each schedule.
    unsigned preemption_percent = 0;
    // Runs in a child process, so that a failed schedule leaves nothing behind and a crash or a hang is a failure
    // with a seed like any other. The body's effects on the caller's variables are lost.
    bool isolated = false;
    // Drops what an isolated child writes to stderr: for failures that are expected.
    bool quiet = false;
    // Keeps the steps of the last schedule as text; about ten times slower.
    bool trace = false;
};

struct explore_result {
    bool failed = false;
    std::string message{};
    // Of the failed schedule, else of the last: with it as explore_options::seed the first schedule is the same again.
    std::uint64_t seed = 0;
    unsigned schedules_run = 0;
    // Scheduling points of all schedules.
    std::uint64_t steps = 0;
    // A digest of every decision of the last schedule: equal for equal schedules.
    std::uint64_t digest = 0;
    // One line per step of the last schedule, when options.trace asks for it.
    std::string trace{};
};

// Throws std::invalid_argument when HOCKET_SEED or HOCKET_SCHEDULES is no positive number. Not to be nested. [plain
// thread, one at a time]
explore_result explore(explore_options const& options, std::function<void()> body);

// Fails the schedule unless `condition` holds; does not return then. [virtual thread]
void require(bool condition, char const* what);

// Whether the caller is a virtual thread. [any thread]
bool exploring() noexcept;

// A virtual thread that calls f().
class thread {
public:
    explicit thread(std::function<void()> f, char const* name = "thread");
    thread(thread&&) noexcept = default;
    // An unjoined thread is joined.
    ~thread();

    // [virtual thread, blocks it]
    void join() noexcept;

private:
    struct state {
        std::function<void()> function;
        detail::seam::thread thread;
    };
    std::unique_ptr<state> state_;
};

}  // namespace hocket::inline HOCKET_ABI::explorer
