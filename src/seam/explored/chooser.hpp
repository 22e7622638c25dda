// Takes every decision of an explored schedule.
//
// A schedule is replayed by giving its chooser the same seed: a chooser must not look at anything but that seed and the
// questions it is asked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/config.hpp>
#include <memory>
#include <span>

namespace hocket::inline HOCKET_ABI::explorer {

// What may happen now and then without the code under test asking for it.
enum class mischief : std::uint8_t {
    spurious_wake,  // a futex_wait returns for no reason
    weak_failure,   // a compare_exchange_weak fails for no reason
    timeout,        // a deadline passes although somebody could still run
    delay,          // the clock jumps between two readings
};

class chooser {
public:
    virtual ~chooser() = default;

    // Scheduling points the running thread may pass before next() is asked. `changed`: since the last call a thread has
    // become able to run.
    virtual std::uint32_t quiet(bool changed) = 0;

    // The place in `able` (thread numbers, never empty) of the one that runs next. `running` is the number of the
    // thread that stands at the point, -1 when it cannot go on; `yields`: it waits for another, and is not among
    // `able`.
    virtual std::size_t next(std::span<int const> able, int running, bool yields) = 0;

    // A number in [0, n), n at least 1.
    virtual std::uint32_t below(std::uint32_t n) = 0;

    // Whether this mischief happens now.
    virtual bool happens(mischief m) = 0;
};

// At each point the running thread is preempted with the same probability, and the next is any of the others.
// `percent`: that probability; 0: one in 2, 4, 8 ... 128, drawn for the schedule.
std::unique_ptr<chooser> make_random_walk(std::uint64_t seed, unsigned percent);

// The thread of the highest priority runs; priorities are random and fall now and then.
std::unique_ptr<chooser> make_priorities(std::uint64_t seed);

}  // namespace hocket::inline HOCKET_ABI::explorer
