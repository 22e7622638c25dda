// One run of a fiber test case: a runtime of its own, the body as its first task, and what must be gone afterwards.
//
// Protocol: the body runs in a fiber of run(); when it has ended, the same fiber waits up to `grace` for all other
// tasks. Back on the runner's thread: what is left fails the case, in one sentence and a dump; what the body threw is
// thrown on. A runtime with tasks that will never end cannot be shut down: it is abandoned, its threads asleep, and
// the program ends with _Exit so that nothing is destroyed under them.
#pragma once

#include <hocket/testing.hpp>

#include "testing/registry.hpp"

namespace hocket::inline HOCKET_ABI::testing::detail {

// [runner]
void run_case(case_run const& run);

// A few words on the run that is in progress or ended last: backend, workers, seed. Empty before the first. [runner]
std::string last_configuration();
void forget_configuration() noexcept;

// The seed of that run. [runner]
std::uint64_t last_seed() noexcept;

// Whether runtimes were left behind. [main]
bool any_abandoned() noexcept;

// Whether the calling fiber is one other than the body of the running case. [any thread]
bool beside_body() noexcept;

}  // namespace hocket::inline HOCKET_ABI::testing::detail
