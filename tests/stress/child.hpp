// A program run to its end, or killed when it takes too long.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace stress_test {

struct ended {
    int code = -1;           // exit status; -1 when a signal ended it
    int signal = 0;          // the signal; 0 when it exited
    bool timed_out = false;  // killed by us
    double seconds = 0;
    std::string out;
    std::string err;
};

// Where the two executables are; set by main().
extern std::string stress_path;
extern std::string breakable_path;

enum class errors_to { pipe, terminal };  // what the program's standard error is

// Runs program with arguments; `environment` holds NAME=VALUE to add or replace. Killed after `seconds`.
ended run(std::string const& program, std::vector<std::string> const& arguments, double seconds = 120,
          std::vector<std::string> const& environment = {}, errors_to errors = errors_to::pipe);

// A file name of its own in the folder for temporary files; the file is removed at the end.
class temporary {
public:
    temporary();
    temporary(temporary const&) = delete;
    temporary& operator=(temporary const&) = delete;
    ~temporary();
    std::string const& path() const noexcept { return path_; }
    std::string text() const;

private:
    std::string path_;
};

// A run and the report it wrote.
struct reported {
    ended end;
    nlohmann::json report;  // discarded when there was none, or no JSON
};
reported run_with_report(std::string const& program, std::vector<std::string> arguments, double seconds = 120);

// The names that `hocket-stress list` prints.
std::vector<std::string> listed_names();

}  // namespace stress_test
