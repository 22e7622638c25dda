// What the harness says of test cases that misbehave: misbehaving.cpp, run case by case in a child process.
#include <hocket/testing.hpp>

#include <csignal>
#include <string>
#include <vector>

#include "child.hpp"

namespace {

child_result misbehave(std::string const& name, std::vector<std::string> options = {}) {
    // A comma would make two filters of it.
    std::string filter;
    for (char const c : name) filter += c == ',' ? std::string("\\,") : std::string(1, c);
    std::vector<std::string> argv{required_variable("HOCKET_MISBEHAVING"), "--test-case=" + filter, "--no-intro",
                                  "--hk-workers=2"};
    argv.insert(argv.end(), options.begin(), options.end());
    return run_child(std::move(argv));
}

int count(std::string const& text, std::string const& words) {
    int n = 0;
    for (std::size_t at = text.find(words); at != std::string::npos; at = text.find(words, at + words.size())) ++n;
    return n;
}

// The part of the report that begins with `words` and ends with an empty line.
std::string paragraph(child_result const& r, std::string const& words) {
    std::size_t const begin = r.output.find(words);
    return begin == std::string::npos ? std::string() : r.output.substr(begin, r.output.find("\n\n", begin) - begin);
}

}  // namespace

#define CHECK_FAILS(r)                 \
    INFO("the child said:\n", (r).output); \
    CHECK((r).code == 1);              \
    CHECK((r).signal == 0);            \
    CHECK_FALSE((r).timed_out)

TEST_CASE("every good twin passes") {
    for (std::string const name :
         {"A good", "B good", "C good", "require in the body, good", "require in a detached task, good",
          "throw in a detached task, good", "unhandled by the test's own handler, good", "leaked fiber, good",
          "leaked fiber, allowed", "leaked timer, good", "hang, good", "subcases in the body, good", "seed, good"}) {
        child_result const r = misbehave(name + "*", {"--hk-workers=1,2,4"});
        INFO(name, " said:\n", r.output);
        CHECK(r.code == 0);
    }
}

TEST_CASE("a failing CHECK carries its own INFO and no neighbour's") {
    child_result const r = misbehave("A bad");
    CHECK_FAILS(r);
    std::string const report = paragraph(r, "CHECK( holds )");
    CHECK(report.find("text of the checker") != std::string::npos);
    CHECK(report.find("text of the sleeper") == std::string::npos);
}

TEST_CASE("without the harness it carries the neighbour's") {
    child_result const r = misbehave("A [stock]");
    CHECK_FAILS(r);
    CHECK(paragraph(r, "CHECK( 1 == 2 )").find("text of the sleeper") != std::string::npos);
}

TEST_CASE("interleaved INFO scopes stay apart") {
    child_result const r = misbehave("B bad");
    CHECK_FAILS(r);
    CHECK(count(r.output, "CHECK( (holds || round != 19) )") == 8);
    for (int i = 0; i < 8; ++i) {
        std::string const n = std::to_string(i);
        std::size_t const at = r.output.find("outer of fiber " + n);
        REQUIRE(at != std::string::npos);
        std::string const rest = r.output.substr(at, r.output.find("\n\n", at) - at);
        CHECK(rest == "outer of fiber " + n + "\n          round 19\n          i := " + n);
    }
}

TEST_CASE("an INFO migrates with its fiber") {
    child_result const r = misbehave("C bad");
    CHECK_FAILS(r);
    CHECK(paragraph(r, "CHECK( hocket::this_fiber::worker() == before )").find("text of the traveller") !=
          std::string::npos);
}

TEST_CASE("without the harness it stays behind") {
    child_result const r = misbehave("C [unobserved]");
    CHECK_FAILS(r);
    CHECK_FALSE(r.says("text of the traveller"));
}

TEST_CASE("failures reach the report from every fiber") {
    child_result const r = misbehave("check in a detached task, bad*", {"--hk-workers=1,2,4"});
    CHECK_FAILS(r);
    CHECK(r.says("test cases: 3 | 0 passed | 3 failed"));
    CHECK(count(r.output, "logged: text of the loader") == 3);
}

TEST_CASE("REQUIRE in the body ends the body and is reported once") {
    child_result const r = misbehave("require in the body, bad");
    CHECK_FAILS(r);
    CHECK(count(r.output, "FATAL ERROR") == 1);
    CHECK(r.says("logged: text of the body"));
    CHECK_FALSE(r.says("THREW"));
    CHECK_FALSE(r.says("went on"));
}

TEST_CASE("REQUIRE in a detached task ends that task and fails the case") {
    child_result const r = misbehave("require in a detached task, bad", {"--success"});
    CHECK_FAILS(r);
    CHECK(count(r.output, "FATAL ERROR") == 1);
    CHECK(r.says("logged: text of the loader"));
    CHECK(r.says("the body goes on"));
    CHECK_FALSE(r.says("went on"));
    CHECK_FALSE(r.says("ended with an exception"));
}

TEST_CASE("REQUIRE in an async travels to get() and is reported once") {
    child_result const r = misbehave("require in an async, bad");
    CHECK_FAILS(r);
    CHECK(count(r.output, "FATAL ERROR") == 1);
    CHECK(r.says("logged: text of the async"));
    CHECK_FALSE(r.says("THREW"));
    CHECK_FALSE(r.says("went on"));
}

TEST_CASE("REQUIRE that leaves the body waiting does not hang") {
    child_result const r = misbehave("require that leaves the body waiting, bad");
    INFO("the child said:\n", r.output);
    CHECK(r.code == 3);
    CHECK(r.says("did not end within 5 s after a REQUIRE had failed in task \"giver\""));
    CHECK(r.says("FATAL ERROR: REQUIRE( 1 == 2 )"));
}

TEST_CASE("an exception that leaves a detached task fails the case with its name and INFO") {
    child_result const r = misbehave("throw in a detached task, bad");
    CHECK_FAILS(r);
    CHECK(r.says("task \"loader\" ended with an exception: no such file\n  logged: text of the loader"));
}

TEST_CASE("an exception that leaves the body is reported with its INFO") {
    child_result const r = misbehave("throw in the body, bad");
    CHECK_FAILS(r);
    CHECK(r.says("test case THREW exception: no such file"));
    CHECK(r.says("logged: text of the body"));
}

TEST_CASE("what unwinds in other fibers is not in the report") {
    child_result const r = misbehave("unwinding, bad");
    CHECK_FAILS(r);
    CHECK(r.says("test case THREW exception: the last one"));
    CHECK(r.says("logged: text of the body"));
    CHECK_FALSE(r.says("stale"));
}

TEST_CASE("a leaked fiber fails the case and is named") {
    child_result const r = misbehave("leaked fiber, bad");
    CHECK_FAILS(r);
    CHECK(r.says("1 task outlived the test body, 1 stack is still in use, "));
    CHECK(r.says("arena bytes are still held:\n"));
    CHECK(r.says("forgotten"));
}

TEST_CASE("a leaked timer fails the case") {
    child_result const r = misbehave("leaked timer, bad");
    CHECK_FAILS(r);
    CHECK(r.says("1 task outlived the test body, 1 timer is still armed"));
    CHECK(r.says("much later"));
}

TEST_CASE("a test that hangs is ended with a dump of its fibers") {
    child_result const r = misbehave("hang, bad");
    INFO("the child said:\n", r.output);
    CHECK(r.code == 3);
    CHECK(r.says("test case \"hang, bad\" ("));
    CHECK(r.says("did not end within 0.3 s; its tasks:\n"));
    CHECK(r.says("also waiting"));
    CHECK(r.says("semaphore"));
}

TEST_CASE("the limit holds for test cases without fibers") {
    child_result const r = misbehave("hang without fibers, bad", {"--hk-timeout=0.2"});
    INFO("the child said:\n", r.output);
    CHECK(r.code == 3);
    CHECK(r.says("test case \"hang without fibers, bad\" did not end within 0.2 s\n"));
}

TEST_CASE("subcases of the body run one after the other") {
    child_result const r = misbehave("subcases in the body, good");
    INFO("the child said:\n", r.output);
    CHECK(r.code == 0);
    CHECK(count(r.output, "MESSAGE: path 1") == 1);
    CHECK(count(r.output, "MESSAGE: path 2") == 1);
}

TEST_CASE("a SUBCASE in another fiber is refused") {
    child_result const r = misbehave("subcase in another fiber, bad");
    CHECK_FAILS(r);
    CHECK(r.says("SUBCASE \"stray\" stands in a fiber other than the test body"));
}

TEST_CASE("a text that fails while it is made does not lock up the report") {
    child_result const r = misbehave("a text that checks, bad");
    CHECK_FAILS(r);
    CHECK(r.says("inside operator<<"));
    CHECK(r.says("logged: text with prickly"));
}

TEST_CASE("runtimes that a test makes itself can be observed") {
    child_result const r = misbehave("a runtime of the test's own, bad");
    CHECK_FAILS(r);
    std::string const report = paragraph(r, "CHECK( holds )");
    CHECK(report.find("text of the checker") != std::string::npos);
    CHECK(report.find("text of the sleeper") == std::string::npos);
    CHECK(r.says("task \"loader\" ended with an exception: no such file"));
}

TEST_CASE("a crash names the test case") {
    child_result const r = misbehave("crash, bad");
    INFO("the child said:\n", r.output);
    CHECK(r.signal == SIGABRT);
    CHECK(r.says("hocket-testing: SIGABRT in test case \"crash, bad\"\n"));
}

TEST_CASE("a stack overflow names the fiber and the test case") {
    child_result const r = misbehave("overflow, bad");
    INFO("the child said:\n", r.output);
    CHECK(r.signal == SIGABRT);
    CHECK(r.says("hocket: stack overflow in fiber "));
    CHECK(r.says(" 'deep one' on worker "));
    CHECK(r.says("hocket-testing: SIGABRT in test case \"overflow, bad\" ("));
}

TEST_CASE("any other fault in a fiber names the test case, too") {
    child_result const r = misbehave("fault, bad");
    INFO("the child said:\n", r.output);
    CHECK_FALSE(r.says("stack overflow"));
#if defined(HOCKET_ASAN) || defined(HOCKET_TSAN)  // whose handler was there before the harness came
    CHECK(r.says("Sanitizer: SEGV"));
#else
    CHECK(r.signal == SIGSEGV);
    CHECK(r.says("hocket-testing: SIGSEGV in test case \"fault, bad\" ("));
#endif
}

TEST_CASE("a case runs over its matrix") {
    child_result const r = misbehave("matrix, good*");
    INFO("the child said:\n", r.output);
    CHECK(r.code == 0);
    for (std::string const how : {"1 native", "2 native", "4 native", "1 boost", "2 boost", "4 boost"})
        CHECK(count(r.output, "ran with " + how) == 1);
    CHECK(r.says("matrix, good [boost 4 workers]"));
}

TEST_CASE("the XML report carries the same") {
    child_result const r = misbehave("A bad", {"--reporters=xml"});
    CHECK_FAILS(r);
    CHECK(r.says("<Info>\n          text of the checker\n        </Info>"));
    CHECK_FALSE(r.says("text of the sleeper"));
}

TEST_CASE("a seed can be given, and a failure tells it") {
    CHECK(misbehave("seed, good", {"--hk-seed=4711"}).says("MESSAGE: seed 4711"));
    CHECK(misbehave("A bad", {"--hk-seed=4711"}).says("--hk-seed=4711 repeats its choices"));
}

TEST_CASE("the context can be chosen") {
    CHECK(misbehave("A bad", {"--hk-context=boost"}).says("failed with boost, 1 worker, seed "));
    CHECK(misbehave("A bad", {"--hk-context=native"}).says("failed with native, 1 worker, seed "));
}

TEST_CASE("wrong options get one sentence and exit code 2") {
    struct {
        char const* option;
        char const* sentence;
    } const wrong[] = {
        {"--hk-wrokers=1", "there is no option --hk-wrokers; see --help"},
        {"--hk-workers", "--hk-workers needs a value: --hk-workers=..."},
        {"--hk-workers=", "--hk-workers is a list of worker counts from 1 to 1024, such as 1,2,4, not \"\""},
        {"--hk-workers=0", "--hk-workers is a list of worker counts from 1 to 1024, such as 1,2,4, not \"0\""},
        {"--hk-workers=1,x", "--hk-workers is a list of worker counts from 1 to 1024, such as 1,2,4, not \"1,x\""},
        {"--hk-timeout=-1", "--hk-timeout is a number of seconds above 0, not \"-1\""},
        {"--hk-timeout=nan", "--hk-timeout is a number of seconds above 0, not \"nan\""},
        {"--hk-seed=1.5", "--hk-seed is a number from 0 to 2^64-1, not \"1.5\""},
        {"--hk-context=x", "--hk-context is native or boost, not \"x\""},
    };
    for (auto const& w : wrong) {
        child_result const r = misbehave("A good", {w.option});
        INFO(std::string(w.option), " said:\n", r.output);
        CHECK(r.code == 2);
        CHECK(r.output == "hocket-testing: " + std::string(w.sentence) + "\n");
    }
    child_result const r =
        run_child({required_variable("HOCKET_MISBEHAVING"), "--test-case=A good"}, {"HOCKET_TEST_SEED=x"});
    CHECK(r.code == 2);
    CHECK(r.output == "hocket-testing: HOCKET_TEST_SEED is a number from 0 to 2^64-1, not \"x\"\n");
}

TEST_CASE("a filter that matches nothing is no success") {
    child_result const r = misbehave("no such case");
    INFO("the child said:\n", r.output);
    CHECK(r.code == 77);
    CHECK(r.says("no test case matches, nothing was run"));
    CHECK(misbehave("no such case", {"--list-test-cases"}).code == 0);
}

TEST_CASE("help tells of our options too") {
    child_result const r = misbehave("A good", {"--help"});
    CHECK(r.code == 0);
    CHECK(r.says("--hk-workers"));
    CHECK(r.says("--test-case"));
}
