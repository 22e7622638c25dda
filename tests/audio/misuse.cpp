// An action that waits for its own end, or uses up its stack, is told so, and the program ends.
#include <doctest/doctest.h>

#include <signal.h>
#include <sys/wait.h>

#include <cstdlib>

#include "support.hpp"

using namespace support;

TEST_CASE("an action that waits for itself ends the program with a sentence") {
    char const* const program = std::getenv("HOCKET_AUDIO_MISUSE");
    REQUIRE_MESSAGE(program != nullptr, "HOCKET_AUDIO_MISUSE names the program that misbehaves");
    int status = 0;
    CHECK(run_program({program, "none"}, status) == "still alive\n");
    CHECK(WIFEXITED(status));
    for (auto const& [rule, told] : {
             std::pair{"destroy", "an AsyncThread was destroyed in an action of 'module 1 (host) thread 0'"},
             std::pair{"quiesce", "an AsyncThread was waited for in an action of 'module 1 (host) thread 0'"},
             std::pair{"pause", "audio was paused in an action of 'module 1 (host) thread 0'"},
             std::pair{"unload", "audio was paused in an action of 'module 1 (host) thread 0'"},
             std::pair{"update", "audio was paused by the audio thread inside process()"},
         }) {
        char const* const what = rule;
        std::string const sentence = told;
        CAPTURE(what);
        auto const output = run_program({program, what}, status);
        CHECK(output.find("hocket-audio: misuse: " + sentence + ", which would wait for itself") !=
              std::string::npos);
        CHECK(output.find("still alive") == std::string::npos);
        CHECK(WIFSIGNALED(status));
        CHECK(WTERMSIG(status) == SIGABRT);
    }
}

TEST_CASE("an action that overflows its stack is reported with its name, and the program ends") {
    char const* const program = std::getenv("HOCKET_AUDIO_MISUSE");
    REQUIRE(program != nullptr);
    int status = 0;
    auto const output = run_program({program, "overflow"}, status);
    CAPTURE(output);
    CHECK(output.find("stack overflow in fiber ") != std::string::npos);
    CHECK(output.find(" 'module 1 (host) thread 0' on worker ") != std::string::npos);
    CHECK(output.find("still alive") == std::string::npos);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGABRT);
}
