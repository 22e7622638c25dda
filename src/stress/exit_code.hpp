// What the process tells its caller. The numbers are documented and do not change.
#pragma once

namespace hocket::stress {

enum class exit_code : int {
    passed = 0,        // all that was asked for ran, and held
    invariant = 1,     // a scenario's invariant did not hold
    usage = 2,         // the command line makes no sense, or names something that does not exist
    hang = 3,          // no progress for --hang-seconds
    leak = 4,          // a runtime kept tasks, stacks, timers or arena bytes
    crash = 5,         // an exception where none may be
    shortage = 6,      // the machine had no memory, thread or disk left
    nothing_run = 77,  // nothing was left to run
};

}  // namespace hocket::stress
