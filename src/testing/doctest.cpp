// doctest's one implementation, shared by the test program and all its objects, and access to its private state.
//
// Its signal handlers are left out: they print through the reporters, whose lock the crashing thread may hold, and then
// hang for ever; crash.cpp has ours.
// All of doctest is exported: its own DOCTEST_CONFIG_IMPLEMENTATION_IN_DLL leaves symbols out that programs need
// (2.4.9: printing a pointer).
#define DOCTEST_CONFIG_IMPLEMENT
#define DOCTEST_CONFIG_NO_POSIX_SIGNALS
#pragma GCC visibility push(default)
#include <doctest/doctest.h>
#pragma GCC visibility pop

#include "testing/doctest_state.hpp"

#include <algorithm>
#include <iostream>
#include <utility>

namespace hocket::inline HOCKET_ABI::testing::detail {

using doctest::detail::g_cs;
using doctest::detail::g_infoContexts;  // thread_local: named in functions that do not suspend, and in no others

std::vector<doctest::IContextScope*> take_contexts() noexcept { return std::exchange(g_infoContexts, {}); }

void put_contexts(std::vector<doctest::IContextScope*> contexts) noexcept { g_infoContexts = std::move(contexts); }

std::vector<doctest::IContextScope*> copy_contexts() { return g_infoContexts; }

void drop_context(doctest::IContextScope const* gone) noexcept {
    // From the newest; it is another one only in a runtime that is not observed.
    auto const found = std::find(g_infoContexts.rbegin(), g_infoContexts.rend(), gone);
    if (found != g_infoContexts.rend()) g_infoContexts.erase(std::next(found).base());
}

doctest::detail::TestCase const& current_case() noexcept {
    // doctest keeps them as TestCase only, in a set of its own.
    return static_cast<doctest::detail::TestCase const&>(*g_cs->currentTest);
}

void fail_case(std::string const& sentence) {
    doctest::TestCaseData const* const now = doctest::is_running_in_test ? g_cs->currentTest : nullptr;
    if (now == nullptr)
        std::cerr << ("hocket-testing: " + sentence + "\n");
    else
        DOCTEST_ADD_FAIL_CHECK_AT(now->m_file.c_str(), static_cast<int>(now->m_line), sentence);
}

std::string translated_exception() { return doctest::translateActiveException().c_str(); }

void add_unwound(std::vector<std::string> texts) {
    for (std::string const& text : texts) g_cs->stringifiedContexts.push_back(text.c_str());
}

void apply_colours() noexcept { doctest::detail::g_no_colors = g_cs->no_colors; }

}  // namespace hocket::inline HOCKET_ABI::testing::detail
