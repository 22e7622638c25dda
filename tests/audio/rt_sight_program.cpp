// Ends with 0 when rt_section sees here what the arguments name, of `system-calls`, `allocations`, `locks`, and no
// more; with 77 where the kernel has no means.
#include <algorithm>
#include <cstdio>
#include <hocket/audio/rt_section.hpp>
#include <span>
#include <string_view>

#include "can_dispatch.hpp"

int main(int argc, char** argv) {
    if (!support::can_dispatch()) return 77;
    std::span<char*> const wanted(argv + 1, argv + argc);
    auto const sight = hocket::audio::rt_section::check(true);
    bool right = true;
    auto const compare = [&](std::string_view what, bool seen) {
        bool const expected = std::ranges::find(wanted, what) != wanted.end();
        if (seen != expected) std::printf("%s: %s\n", what.data(), seen ? "seen" : "not seen");
        right = right && seen == expected;
    };
    compare("system-calls", sight.system_calls);
    compare("allocations", sight.allocations);
    compare("locks", sight.locks);
    return right ? 0 : 1;
}
