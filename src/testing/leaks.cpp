#include "testing/leaks.hpp"

#include <cstdint>

namespace hocket::inline HOCKET_ABI::testing::detail {

static void add(std::string& to, std::uint64_t n, char const* what, char const* verb) {
    if (n == 0) return;
    if (!to.empty()) to += ", ";
    to += std::to_string(n) + " " + what + (n == 1 ? "" : "s");
    if (*verb != '\0') to += (n == 1 ? " is" : " are");
    to += verb;
}

std::string leaks(runtime_stats const& s, std::size_t carriers) {
    std::string sentence;
    add(sentence, s.live, "task", "");
    if (s.live > 0) sentence += " outlived the test body";
    add(sentence, s.timers, "timer", " still armed");
    add(sentence, s.stacks_in_use > carriers ? s.stacks_in_use - carriers : 0, "stack", " still in use");
    add(sentence, s.arena_bytes, "arena byte", " still held");
    return sentence;
}

}  // namespace hocket::inline HOCKET_ABI::testing::detail
