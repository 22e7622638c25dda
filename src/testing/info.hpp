// INFO and CAPTURE that follow their fiber.
//
// Protocol: doctest keeps the open scopes of a thread in a thread-local list. info_observer() takes that list out when a
// fiber suspends and puts it back, on whatever thread, when it resumes. A task that has not suspended yet runs in one
// go on its worker, so a thread's list is empty whenever a fiber is put back and whenever a task starts.
// Rejected: doctest's own texts of an unwinding scope, one unguarded list for all threads; a list per fiber looked up
// at each INFO (costs a look-up per scope, and scopes entered by code that only knows doctest would be missed).
#pragma once

#include <hocket/testing.hpp>

#include <string>
#include <vector>

namespace hocket::inline HOCKET_ABI::testing::detail {

// What runtime_options::observer has to be.
suspension_observer info_observer() noexcept;

// Texts of the calling fiber's scopes that the last exception left, innermost first; they are forgotten. [any thread]
std::vector<std::string> take_unwound();

// Makes the texts of the calling fiber's open scopes, so that doctest's reporters need not while they hold a lock.
// [any thread]
void prepare_open_infos();

}  // namespace hocket::inline HOCKET_ABI::testing::detail
