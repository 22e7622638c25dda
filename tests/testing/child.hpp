// A program run as a child process, with all it says.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

struct child_result {
    int code = -1;           // exit code; -1 when a signal ended it
    int signal = 0;          // that signal
    bool timed_out = false;  // it was killed because it took too long
    std::string output;      // stdout and stderr, as they came

    bool says(std::string_view words) const { return output.find(words) != std::string::npos; }
};

// Runs argv[0] with the arguments that follow; "NAME=value" in `environment` is added to ours. Throws std::system_error
// when it cannot be started.
child_result run_child(std::vector<std::string> argv, std::vector<std::string> environment = {},
                       std::chrono::seconds limit = std::chrono::seconds(120));

// The value of an environment variable, which the build sets for its tests. Throws std::runtime_error without it.
std::string required_variable(char const* name);
