// The main() of test programs.
#include <hocket/testing.hpp>

#include "testing/exit_code.hpp"
#include "testing/fixture.hpp"
#include "testing/listener.hpp"
#include "testing/settings.hpp"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <stdexcept>

using namespace hocket::testing::detail;

// Found by the C runtime's start-up code as any undefined symbol is; a test program with its own main() does not need
// it.
HOCKET_API int main(int argc, char** argv) {
    try {
        the_settings().apply(argc, argv);
    } catch (std::invalid_argument const& e) {
        std::fprintf(stderr, "hocket-testing: %s\n", e.what());
        return exit_usage;
    }
    install_listener();
    doctest::Context context(argc, argv);
    int code = context.run();
    if (code == 0 && nothing_was_run()) {
        std::fprintf(stderr, "hocket-testing: no test case matches, nothing was run\n");
        code = exit_nothing_run;
    }
    if (any_abandoned()) {
        std::cout.flush();
        std::fflush(nullptr);
        std::_Exit(code);
    }
    return code;
}
