// The order of causes by gravity.
#include "stress/outcome.hpp"

namespace hocket::stress {

static int gravity(exit_code cause) noexcept {
    switch (cause) {
        case exit_code::passed: return 0;
        case exit_code::nothing_run: return 1;
        case exit_code::shortage: return 2;
        case exit_code::leak: return 3;
        case exit_code::invariant: return 4;
        case exit_code::crash: return 5;
        case exit_code::hang: return 6;
        case exit_code::usage: return 7;
    }
    return 7;
}

exit_code graver(exit_code a, exit_code b) noexcept { return gravity(b) > gravity(a) ? b : a; }

exit_code report::verdict() const noexcept {
    if (scenarios.empty()) return exit_code::nothing_run;
    exit_code worst = exit_code::passed;
    for (auto const& s : scenarios) worst = graver(worst, s.cause);
    return worst;
}

char const* word(exit_code cause) noexcept {
    switch (cause) {
        case exit_code::passed: return "passed";
        case exit_code::nothing_run: return "nothing run";
        case exit_code::shortage: return "shortage";
        case exit_code::leak: return "leak";
        case exit_code::invariant: return "invariant";
        case exit_code::crash: return "crash";
        case exit_code::hang: return "hang";
        case exit_code::usage: return "usage";
    }
    return "?";
}

}  // namespace hocket::stress
