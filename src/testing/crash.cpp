#include "testing/crash.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <iterator>

namespace hocket::inline HOCKET_ABI::testing::detail {

// Two notes, so that one is whole while the other is written.
static char notes[2][512];
static std::atomic<unsigned> newest{0};  // its lowest bit chooses

struct fatal {
    int number;
    char const* name;
};
static constexpr fatal fatals[] = {
    {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"}, {SIGFPE, "SIGFPE"}, {SIGILL, "SIGILL"}, {SIGSEGV, "SIGSEGV"},
};

static void say(char const* text) noexcept {
    // Nothing can be done about a failure here.
    [[maybe_unused]] auto const written = ::write(STDERR_FILENO, text, std::strlen(text));
}

static void last_word(int number) {
    char const* name = "a signal";
    for (fatal const& f : fatals)
        if (f.number == number) name = f.name;
    // acquire: pairs with the release in note_for_crash()
    char const* const note = notes[newest.load(std::memory_order_acquire) & 1];
    say("hocket-testing: ");
    say(name);
    say(*note != '\0' ? " in test case " : " outside of any test case");
    say(note);
    say("\n");
    // SA_RESETHAND has put the default back.
    ::raise(number);
}

void install_crash_handlers() {
    for (fatal const& f : fatals) {
        struct sigaction now {};
        if (::sigaction(f.number, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) continue;
        struct sigaction ours {};
        ours.sa_handler = &last_word;
        ours.sa_flags = SA_ONSTACK | SA_RESETHAND;
        ::sigaction(f.number, &ours, nullptr);
    }
}

void note_for_crash(std::string_view what) noexcept {
    unsigned const next = newest.load(std::memory_order_relaxed) + 1;
    char* const to = notes[next & 1];
    std::size_t const length = std::min(what.size(), std::size(notes[0]) - 1);
    std::copy_n(what.data(), length, to);
    to[length] = '\0';
    // release: pairs with the acquire in last_word()
    newest.store(next, std::memory_order_release);
}

}  // namespace hocket::inline HOCKET_ABI::testing::detail
