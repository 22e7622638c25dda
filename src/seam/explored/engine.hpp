// Runs one schedule: the virtual threads, the clock, the words they wait on, and the question who goes on.
//
// Protocol: the engine has no thread of its own. Each entry below is called by the virtual thread that runs, which
//   decides with the chooser's help who runs next and switches there itself. The caller of run() waits as the home
//   thread; the schedule's end, good or bad, is a switch to it.
// Invariants:
//   E1  able_ holds exactly the threads whose state is able, the running one included.
//   E2  Nothing depends on an address: threads and words are told apart by numbers in the order they turned up.
//   E3  Every decision goes through the chooser and into the digest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "seam/explored/chooser.hpp"
#include "seam/explored/point.hpp"
#include "seam/explored/virtual_thread.hpp"

namespace hocket::inline HOCKET_ABI::explorer {

using detail::seam::operation;

class engine {
public:
    struct limits {
        std::uint64_t steps;
        bool trace;
    };
    struct outcome {
        bool failed = false;
        std::string message;
        std::uint64_t steps = 0;
        std::uint64_t digest = 0;
        std::string trace;
    };

    // The engine that runs now; null outside an exploration.
    static engine* running() noexcept { return running_; }

    // Runs `body` as virtual thread 0 until it has ended or the schedule has failed. [plain thread]
    outcome run(std::function<void()> body, std::unique_ptr<chooser> decides, limits most);

    // All below: [virtual thread]

    // The rare half of a scheduling point. `size`: how much of the word a trace may read, 0 when it may be dead
    // already; `pc`: the caller's, for the trace.
    void point(operation what, void const* word, std::size_t size, void const* pc);
    // A scheduling point at which the caller is not chosen if another can run.
    void yield(void const* pc);
    // Reads the clock, which moves on by that. The scheduling point is the caller's.
    std::int64_t now();
    bool wait(void const* word, std::uint32_t value, std::uint32_t expected, std::int64_t deadline);
    void wake(void const* word, int count);
    // The new thread's number. Throws std::bad_alloc.
    int start(char const* name, void (*entry)(void*), void* argument);
    void join(int thread);
    std::uint32_t below(std::uint32_t n);
    bool happens(mischief m);
    // Abandons the schedule.
    [[noreturn]] void fail(std::string message);

    virtual_thread& current() noexcept { return *current_; }

private:
    static void first_frame();
    [[noreturn]] void end_current();
    [[noreturn]] void go_home();
    virtual_thread& add(char const* name, void (*entry)(void*), void* argument);

    void grant(bool changed);
    void settle() noexcept;
    void check_limit();
    void let_run(virtual_thread& t);
    void remove_able(virtual_thread const& t) noexcept;
    void block();
    void run_next(bool yields);
    void expire();
    bool advance_to_deadline();
    std::string blocked() const;
    int number_of(void const* word);
    void digest(std::uint64_t decision) noexcept;
    void note(operation what, void const* word, std::size_t size, void const* pc);

    static engine* running_;

    std::function<void()> body_;
    std::unique_ptr<chooser> chooser_;
    limits most_{};
    outcome outcome_;

    std::vector<std::unique_ptr<virtual_thread>> threads_;
    std::vector<int> able_;
    std::vector<int> others_;  // of run_next()
    std::vector<void const*> words_;
    virtual_thread home_;
    virtual_thread* current_ = nullptr;

    std::int64_t clock_ = 0;             // ns
    std::int64_t earliest_ = 0;          // deadline of all that wait
    std::int64_t granted_ = 0;           // what quiet_points started from
    std::uint64_t steps_ = 0;            // settled ones
    std::int64_t quiet_left_ = 0;        // what the grant would be if no trace were kept
    std::uint64_t seen_changes_ = 0;
    std::uint64_t last_change_ = 0;      // the step at which a change was seen
};

}  // namespace hocket::inline HOCKET_ABI::explorer
