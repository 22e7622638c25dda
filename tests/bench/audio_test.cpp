// The program that measures the audio engine runs, writes what it promises, and tells what makes no sense.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

namespace {

namespace fs = std::filesystem;

fs::path program;  // set by main()

std::string text_of(fs::path const& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return std::move(text).str();
}

struct folder {
    folder() {
        std::string name = (fs::temp_directory_path() / "hocket-bench-test.XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    folder(folder const&) = delete;
    folder& operator=(folder const&) = delete;
    ~folder() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    fs::path path;
};

struct ended {
    int code;
    std::string out, err;
    nlohmann::json report;  // discarded where none was written
};

ended run(std::string const& arguments) {
    folder const here;
    fs::path const out = here.path / "out", err = here.path / "err", json = here.path / "json";
    std::string const line = '\'' + program.string() + "' --json '" + json.string() + "' " + arguments + " >'" +
                             out.string() + "' 2>'" + err.string() + '\'';
    int const status = std::system(line.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text_of(out), text_of(err),
            nlohmann::json::parse(text_of(json), nullptr, false)};
}

}  // namespace

TEST_CASE("all is measured, round by round, and each ratio and verdict is that of its figures") {
    auto const e = run("--quick --seconds 0.2 --rounds 3");
    INFO(e.out, e.err);
    CHECK(e.code == 0);
    REQUIRE(e.report.is_object());
    CHECK(e.report["schema"] == "hocket-bench-audio/1");
    CHECK(e.report["rounds"] == 3);
    std::set<std::string> names;
    for (auto const& m : e.report["measures"]) {
        names.insert(m["name"].get<std::string>());
        for (auto const& row : m["rows"]) {
            INFO(row.dump());
            if (row.contains("sentence")) {  // no real-time class here, which the rows of real time need
                CHECK(row["verdict"] == "not measured");
                CHECK(row["ours"]["value"].is_null());
                continue;
            }
            REQUIRE(row["ours"]["rounds"].size() == 3);
            auto const value = row["ours"]["value"].get<double>();
            bool const compared = row["beside"].is_object();
            if (compared) CHECK(row["beside"]["rounds"].size() == 3);
            double const other = compared ? row["beside"]["value"].get<double>() : 0;
            CHECK(row["ratio"].is_null() == (other == 0));
            if (other != 0) CHECK(row["ratio"].get<double>() == doctest::Approx(value / other));
            if (row["bar"].is_null()) {
                CHECK(row["verdict"] == "-");
                continue;
            }
            auto const bar = row["bar"].get<double>();
            auto const what = row["bar_of"].get<std::string>();
            if (what != "value at most" && other == 0) {
                CHECK(row["verdict"] == "nothing to compare");
                continue;
            }
            bool const holds = what == "value at most"    ? value <= bar
                               : what == "ratio at least" ? value / other >= bar
                                                          : value / other <= bar;
            CHECK(row["verdict"] == (holds ? "holds" : "MISSES"));
        }
    }
    CHECK(names == std::set<std::string>{"neighbours", "ordinary", "realtime", "streaming"});
    for (char const* id : {"| A1 ", "| A2 ", "| A3 ", "| A4 "}) CHECK(e.out.find(id) != e.out.npos);
}

TEST_CASE("one measure, on the other backend; the 50 ms action is called no more often than it can be") {
    auto const e = run("--quick --seconds 1 --context boost neighbours");
    INFO(e.out, e.err);
    CHECK(e.code == 0);
    REQUIRE(e.report.is_object());
    CHECK(e.report["context"] == "boost");
    REQUIRE(e.report["measures"].size() == 1);
    auto const& rows = e.report["measures"][0]["rows"];
    if (rows[0].contains("sentence")) {  // no real-time class here
        CHECK(rows[0]["verdict"] == "not measured");
        return;
    }
    for (auto const& row : rows) CHECK(row["ours"]["value"].get<double>() > 0);
    CHECK(rows[rows.size() - 1]["ours"]["value"].get<double>() <= 21);  // 20 a second, and one that began before
}

TEST_CASE("results of a part are kept apart, those of a quick run not at all") {
    folder const here;
    std::string const where = " --results '" + (here.path / "results").string() + "' ";
    CHECK(run("--quick streaming" + where).code == 0);
    CHECK(!fs::exists(here.path / "results"));
    auto const e = run("--seconds 0.2 --rounds 1 streaming" + where);
    CHECK(e.code == 0);
    REQUIRE(e.report.is_object());
    REQUIRE(e.report["measures"].size() == 1);
    CHECK(e.report["measures"][0]["name"] == "streaming");
    int files = 0;
    for (auto const& entry : fs::directory_iterator(here.path / "results")) {
        ++files;
        CHECK(entry.path().filename().string().find("-native-audio-part.") != std::string::npos);
        if (entry.path().extension() == ".md") CHECK(text_of(entry.path()) == e.out);
    }
    CHECK(files == 2);
}

TEST_CASE("what makes no sense is told in a sentence, and nothing is run") {
    for (char const* arguments : {"nothing", "realtime nothing", "--rounds 0", "--rounds x", "--seconds 0", "--seconds",
                                  "--context third", "--nonsense"}) {
        auto const e = run(arguments);
        INFO(arguments, ": ", e.err);
        CHECK(e.code == 2);
        CHECK(e.err.size() > 1);
        CHECK(e.err.find('\n') == e.err.size() - 1);
        CHECK(e.out.empty());
    }
    auto const e = run("--json /proc/nowhere");
    CHECK(e.code == 77);
    CHECK(e.out.empty());
}

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    program = fs::absolute(argv[1]);
    doctest::Context context(argc - 1, argv + 1);
    return context.run();
}
