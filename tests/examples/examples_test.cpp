// The programs of examples/, run one by one, and what they must print.
#include <hocket/testing.hpp>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "child.hpp"

namespace {

// What the example prints. Fails the case when it does not end well.
std::string output_of(std::string const& example, std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), required_variable(("EXAMPLE_" + example).c_str()));
    child_result const r = run_child(std::move(arguments), {}, std::chrono::seconds(30));
    INFO(example, " said:\n", r.output);
    REQUIRE_FALSE(r.timed_out);
    REQUIRE(r.signal == 0);
    REQUIRE(r.code == 0);
    return r.output;
}

std::vector<std::string> lines_of(std::string const& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

std::string contents(std::string const& path) {
    std::ifstream in(path);
    if (!in) throw std::runtime_error("cannot read " + path);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("readme") { CHECK(output_of("readme") == "one melody shared between voices\n32 letters and spaces\n"); }

TEST_CASE("README.md shows the readme example as it is") {
    std::string const example = contents(required_variable("HOCKET_README_EXAMPLE"));
    // Without the sentence at its head, which is for those who open the file.
    std::string const code = example.substr(example.find("#include"));
    CHECK(contents(required_variable("HOCKET_README")).find(code) != std::string::npos);
}

TEST_CASE("start") { CHECK(output_of("start") == "test\nthe answer is 42\n"); }

TEST_CASE("go") {
    CHECK(output_of("go") == "outside of a runtime there is nowhere to run it\nhello from child!\n");
}

TEST_CASE("arguments") {
    std::vector<std::string> lines = lines_of(output_of("arguments"));
    std::sort(lines.begin(), lines.end());  // nobody waits for the two children
    CHECK(lines == std::vector<std::string>{"42", "caught: cannot divide by zero", "pass data into children~",
                                            "pass data into children~"});
}

TEST_CASE("go_with") { CHECK(output_of("go_with") == "polishing 1\npolishing 2\npolishing 3\npolishing is gone\n"); }

TEST_CASE("four blocking tasks finish in two pairs") {
    std::string const output = output_of("blocking");
    std::vector<long> finished;  // milliseconds
    for (std::string const& line : lines_of(output))
        if (line.ends_with(" ms: blocking child finishes!")) finished.push_back(std::stol(line));
    INFO(output);
    REQUIRE(finished.size() == 4);
    std::sort(finished.begin(), finished.end());
    // Each sleeps for 200 ms. The third begins when one of the first pair has ended, the fourth after both; a
    // millisecond is for rounding. That the two of a pair run at the same time is told from their ends: together, but
    // for a slow machine.
    CHECK(finished[2] >= finished[0] + 199);
    CHECK(finished[3] >= finished[1] + 199);
    CHECK(finished[1] < finished[0] + 199);
    CHECK(finished[3] < finished[2] + 199);
    CHECK(output.find("other tasks go on\n") < output.find("blocking child finishes!"));
    CHECK(output.find("\n512 bytes read\n") != std::string::npos);
}

TEST_CASE("blocking workers help with ordinary tasks") {
    CHECK(output_of("blocking_helps") == "three tasks computed at once\n");
}

TEST_CASE("submissions from threads outside") {
    std::vector<std::string> lines = lines_of(output_of("from_outside"));
    std::sort(lines.begin(), lines.end());
    CHECK(lines == std::vector<std::string>{"before the start", "before the start, for a blocking worker",
                                            "from a stranger", "from a stranger, for a blocking worker",
                                            "without a task"});
}

TEST_CASE("data of a task's own") {
    CHECK(output_of("fiber_local") == "ada took 3 steps\nbob took 3 steps\nnobody took 0 steps\n");
}

TEST_CASE("parallel") {
    CHECK(output_of("parallel") ==
          "77031 takes 350 steps\nhalf of them take at most 99\na,b,c,d,e,f,g,h\nthe first that failed was 99\n");
}

TEST_CASE("a program over std's names, on fibers and on threads") {
    std::string const expected =
        "sum of squares: 338350\nsmoothed: 1 3 6 7 6 3 1 \nmost inside: 2\nread: 36\n"
        "promised: a promise kept, 42, one broken\nlocked: 201\n";
    CHECK(output_of("std_names") == expected);
    CHECK(output_of("std_names_on_threads") == expected);
}

TEST_CASE("whichever comes first") { CHECK(output_of("select") == "1\n4\n9\n16\nnobody spoke\n"); }

TEST_CASE("modules of one's own in hocket-play") {  // what they play is heard in tests/audio
    child_result const r = run_child(
        {required_variable("HOCKET_PLAY"), "--modules", required_variable("EXAMPLE_module_library"), "--list"});
    INFO(r.output);
    CHECK(r.code == 0);
    CHECK(r.says("\nexample:Wavetable       0        1      1\n"));
}

TEST_CASE("a test program") {
    std::string const output = output_of("harness", {"--hk-workers=2"});
    CHECK(output.find("4 passed | 0 failed") != std::string::npos);
    CHECK(output.find("Status: SUCCESS!") != std::string::npos);
}
