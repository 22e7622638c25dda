// What doctest keeps in variables of its own that the harness must reach: the open INFO scopes and the running case.
#pragma once

#include <hocket/testing.hpp>

#include <string>
#include <vector>

namespace hocket::inline HOCKET_ABI::testing::detail {

// The open INFO scopes of the fiber that runs on the calling thread, oldest first. All [any thread], none suspends.
std::vector<doctest::IContextScope*> take_contexts() noexcept;  // the thread has none afterwards
void put_contexts(std::vector<doctest::IContextScope*> contexts) noexcept;
std::vector<doctest::IContextScope*> copy_contexts();
void drop_context(doctest::IContextScope const* gone) noexcept;

// The doctest case that runs now. [runner]
doctest::detail::TestCase const& current_case() noexcept;

// Fails the running case with a sentence; prints it when none runs. [any thread]
void fail_case(std::string const& sentence);

// The exception being handled, as doctest would print it. [any thread]
std::string translated_exception();

// Texts that doctest prints with the exception that ends the running case. [runner]
void add_unwound(std::vector<std::string> texts);

// doctest keeps "no colours" for each thread. [any thread]
void apply_colours() noexcept;

}  // namespace hocket::inline HOCKET_ABI::testing::detail
