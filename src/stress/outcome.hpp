// What came of a run: the data that table, JSON and exit code are made from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stress/exit_code.hpp"

namespace hocket::stress {

struct latency {  // nanoseconds
    std::uint64_t p50;
    std::uint64_t p99;
    std::uint64_t max;
};

struct outcome {
    std::string name;
    exit_code cause = exit_code::passed;  // the gravest thing that happened
    std::uint64_t ops = 0;
    double seconds = 0;
    unsigned rounds = 0;
    std::vector<std::string> failures;  // one sentence each
    std::vector<std::string> remarks;   // what should be known but fails nothing
    std::optional<latency> latency_ns;  // none where the scenario measures none
    std::uint64_t choices = 0;          // digest of the random choices

    bool passed() const noexcept { return cause == exit_code::passed; }
};

struct report {
    std::uint64_t seed = 0;
    std::string context;
    unsigned workers = 0;
    unsigned blocking_workers = 0;
    double scale = 1;
    std::vector<outcome> scenarios;

    // The gravest cause: hang, crash, invariant, leak, shortage; nothing_run when there is no scenario.
    exit_code verdict() const noexcept;
};

// Which of two causes is graver.
exit_code graver(exit_code a, exit_code b) noexcept;

// The cause in a word: "passed", "invariant", "hang", "leak", "crash", "shortage".
char const* word(exit_code cause) noexcept;

}  // namespace hocket::stress
