// Command lines that make no sense, and those that run nothing.
#include <doctest/doctest.h>

#include <algorithm>

#include "child.hpp"

using namespace stress_test;

static bool contains(std::string const& text, std::string const& part) { return text.find(part) != std::string::npos; }

// Exit 2, nothing on stdout, one line on stderr that begins with the program's name and holds `part`.
static void refused(std::vector<std::string> const& arguments, std::string const& part) {
    auto const r = run(stress_path, arguments, 20);
    std::string line;
    for (auto const& a : arguments) line += a + ' ';
    CAPTURE(line);
    CAPTURE(r.err);
    CHECK(r.code == 2);
    CHECK(r.out.empty());
    CHECK(r.err.rfind("hocket-stress: ", 0) == 0);
    CHECK(contains(r.err, part));
    CHECK(std::count(r.err.begin(), r.err.end(), '\n') == 1);
}

TEST_CASE("an unknown scenario is refused with the list of those that exist") {
    refused({"run", "spawm"}, "there is no scenario 'spawm'; there are: spawn, yield-ring");
    refused({"run", "spawn", "nothing"}, "'nothing'");
    refused({"run", "all", "--skip", "spawm"}, "'spawm'");
    refused({"run"}, "there are: spawn");
}

TEST_CASE("bad numbers are refused with their range") {
    for (auto const& [option, range] :
         std::vector<std::pair<std::string, std::string>>{{"--workers", "1 to 256"},
                                                          {"--blocking-workers", "1 to 256"},
                                                          {"--duration", "0 to 604800"},
                                                          {"--hang-seconds", "0.1 to 604800"},
                                                          {"--scale", "0.0001 to 100"},
                                                          {"--seed", "below 2^64"}})
        for (char const* bad : {"x", "-1", "1x", "", "nan", "1e99", "99999999999999999999999"}) {
            refused({"run", "spawn", option + "=" + bad}, std::string(bad).empty() ? option : range);
        }
    refused({"run", "spawn", "--workers", "0"}, "1 to 256");
    refused({"run", "spawn", "--workers", "257"}, "1 to 256");
    refused({"run", "spawn", "--workers", "1.5"}, "1 to 256");
    refused({"run", "spawn", "--context", "windows"}, "native or boost");
}

TEST_CASE("unknown words and missing values are refused with what exists") {
    refused({}, "list, run");
    refused({"ru"}, "ru; the commands are: list, run");
    refused({"run", "spawn", "--sed", "1"}, "--sed");
    refused({"run", "spawn", "--seed"}, "--seed");
    refused({"run", "spawn", "--break", "spawn"}, "--break");  // only the breakable build has it
    auto const r = run(breakable_path, {"run", "spawn", "--break", "nothing"}, 20);
    CHECK(r.code == 2);
    CHECK(contains(r.err, "--break takes"));
}

TEST_CASE("files that cannot be used are refused before anything runs") {
    refused({"run", "spawn", "--json", "/nowhere/at/all.json"}, "/nowhere/at/all.json");
    refused({"run", "audio", "--in", "/nowhere/at/all.wav"}, "/nowhere/at/all.wav");
    temporary const empty;
    refused({"run", "audio", "--in", empty.path()}, empty.path());
    refused({"run", "audio", "--in", "/"}, "--in");
}

TEST_CASE("a context that does not exist is refused from the environment too") {
    auto const r = run(stress_path, {"run", "spawn"}, 20, {"HOCKET_CONTEXT=windows"});
    CHECK(r.code == 2);
    CHECK(r.err.rfind("hocket-stress: ", 0) == 0);
    CHECK(contains(r.err, "windows"));
}

TEST_CASE("nothing left to run is 77, not a pass") {
    auto const r = run(stress_path, {"run", "spawn", "--skip", "spawn"}, 20);
    CHECK(r.code == 77);
    CHECK(contains(r.err, "nothing"));
}

TEST_CASE("list names every scenario with what it proves; help tells of the exit codes") {
    auto const r = run(stress_path, {"list"}, 20);
    CHECK(r.code == 0);
    CHECK(r.err.empty());
    auto const names = listed_names();
    for (std::string const wanted :
         {"spawn", "yield-ring", "ping-pong", "skynet", "async", "fork-join", "mutex", "convoy", "readers", "condition",
          "herd", "semaphore", "barrier", "channel", "select", "blocking", "timers", "arena", "parked", "burst",
          "foreign", "audio", "audio-soak", "audio-destroy", "audio-hog", "audio-reload", "run-once-flood"})
        CHECK_MESSAGE(std::count(names.begin(), names.end(), wanted) == 1, wanted);
    for (auto const& arguments : {std::vector<std::string>{"--help"}, {"run", "--help"}}) {
        auto const help = run(stress_path, arguments, 20);
        CHECK(help.code == 0);
        CHECK(contains(help.out, "hocket-stress"));
    }
    CHECK(contains(run(stress_path, {"--help"}).out, "77 nothing was run"));
}
