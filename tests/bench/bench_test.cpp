// The benchmark program runs a row, writes what it promises, and sees a side that does wrong.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
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

// A folder of its own, removed at the end.
class folder {
public:
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
    // A side that is a shell script.
    void side(std::string const& name, std::string const& script) const {
        fs::path const file = path / name;
        std::ofstream(file) << "#!/bin/sh\n" << script << '\n';
        fs::permissions(file, fs::perms::owner_all);
    }
    fs::path path;
};

struct ended {
    int code;
    std::string out, err;
    nlohmann::json report;  // discarded where none was written
};

// Runs `bench` with arguments that need no quoting, and --json.
ended run(fs::path const& bench, std::string const& arguments, std::string const& environment = "") {
    folder const here;
    fs::path const out = here.path / "out", err = here.path / "err", json = here.path / "json";
    auto const quoted = [](fs::path const& path) { return '\'' + path.string() + '\''; };
    std::string const line = "env " + environment + ' ' + quoted(bench) + ' ' + arguments + " --json " + quoted(json) +
                             " >" + quoted(out) + " 2>" + quoted(err);
    int const status = std::system(line.c_str());
    ended e;
    e.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    e.out = text_of(out);
    e.err = text_of(err);
    e.report = nlohmann::json::parse(text_of(json), nullptr, false);
    return e;
}

// One line and no more.
bool is_sentence(std::string const& text) { return text.size() > 1 && text.find('\n') == text.size() - 1; }

// A side that did all that in 5 ns.
std::string answers(char const* checksum) {
    return std::string(R"(while read -r line; do echo '{"count": 1000, "cpu_ns": 5, "wall_ns": 5, "checksum": )") +
           checksum + "}'; done";
}

}  // namespace

TEST_CASE("a quick row is measured on both backends, and the report is as promised") {
    for (std::string const context : {"native", "boost"}) {
        auto const e = run(program, "--quick --rounds 1 --context " + context + " T2");
        INFO(e.err);
        CHECK(e.code == 0);
        REQUIRE(e.report.is_object());
        CHECK(e.report["schema"] == "hocket-bench/1");
        CHECK(e.report["context"] == context);
        CHECK(e.report["machine"]["cores"].get<int>() >= 1);
        REQUIRE(e.report["rows"].size() == 4);  // two cases, two rivals each
        for (auto const& row : e.report["rows"]) {
            for (char const* key : {"id", "case", "ours", "rival", "rival_value", "unit", "ratio", "must", "goal"})
                CHECK_MESSAGE(row.contains(key), key);
            CHECK(row["id"] == "T2");
            CHECK(row["unit"] == "ns");
            REQUIRE(row["ours"].is_number());
            CHECK(row["ours"].get<double>() > 0);
            if (row["verdict"] == "rival missing") {
                CHECK(row["ratio"].is_null());
                CHECK(e.out.find("missing") != std::string::npos);
                continue;
            }
            REQUIRE(row["ratio"].is_number());
            CHECK(row["ratio"].get<double>() ==
                  doctest::Approx(row["ours"].get<double>() / row["rival_value"].get<double>()));
        }
        CHECK(e.out.find("| T2 ") != std::string::npos);
    }
}

TEST_CASE("HOCKET_CONTEXT chooses the backend too") {
    auto const e = run(program, "--quick --rounds 1 T11", "HOCKET_CONTEXT=boost");
    CHECK(e.code == 0);
    REQUIRE(e.report.is_object());
    CHECK(e.report["context"] == "boost");
}

TEST_CASE("a group names its rows") {
    auto const e = run(program, "--quick --rounds 1 mutex idle");
    CHECK(e.code == 0);
    REQUIRE(e.report.is_object());
    bool mutex = false, idle = false;
    for (auto const& row : e.report["rows"]) {
        mutex |= row["id"] == "T11";
        idle |= row["id"] == "T18";
        CHECK((row["id"] == "T11" || row["id"] == "T18"));
    }
    CHECK(mutex);
    CHECK(idle);
}

TEST_CASE("what makes no sense is told in a sentence") {
    for (char const* arguments : {"T99", "--rounds 0", "--rounds x", "--patience 0", "--context third", "--nonsense"}) {
        auto const e = run(program, arguments);
        INFO(arguments, ": ", e.err);
        CHECK(e.code == 2);
        CHECK(is_sentence(e.err));
        CHECK(e.out.empty());
    }
    auto const environment = run(program, "T2", "HOCKET_CONTEXT=third");
    CHECK(environment.code == 2);
    CHECK(is_sentence(environment.err));
}

TEST_CASE("results are kept, dated, by context; those of a part are told apart") {
    folder const here;
    auto const e = run(program, "--rounds 1 --results '" + (here.path / "results").string() + "' T1");
    CHECK(e.code == 0);
    int files = 0;
    for (auto const& entry : fs::directory_iterator(here.path / "results")) {
        ++files;
        CHECK(entry.path().filename().string().find("-native-part.") != std::string::npos);
        if (entry.path().extension() == ".json")
            CHECK(nlohmann::json::parse(text_of(entry.path()), nullptr, false).is_object());
        else
            CHECK(text_of(entry.path()) == e.out);
    }
    CHECK(files == 2);
}

TEST_CASE("a file that cannot be written is told before anything is measured") {
    folder const here;
    auto const e = run(program, "T2 --results /proc/nowhere");
    CHECK(e.code == 77);
    CHECK(is_sentence(e.err));
    CHECK(e.out.empty());
}

TEST_CASE("sides that are missing are named, those that fail are seen") {
    folder const here;
    fs::path const bench = here.path / "hocket-bench";
    fs::copy_file(program, bench);
    here.side("hocket-bench-boost", answers("100000"));

    auto const told = [&](std::string const& name, char const* part, int code) {
        auto const e = run(bench, "--quick --rounds 2 --patience 1 T2");
        INFO(name, ": ", e.out, e.err);
        CHECK(e.code == code);
        CHECK(e.out.find(part) != std::string::npos);
        CHECK(e.out.find("Go not installed when the benchmarks were built") != std::string::npos);
        REQUIRE(e.report.is_object());
        for (auto const& row : e.report["rows"]) CHECK(row["ratio"].is_null() == (code != 0 || row["rival"] == "Go"));
    };

    here.side("hocket-bench-hocket", answers("100000"));
    told("right", "| Go", 0);
    here.side("hocket-bench-hocket", answers("7"));
    told("wrong sum", "hocket the checksum of its work is 7, not 100000", 1);
    here.side("hocket-bench-hocket", R"(while read -r line; do echo hello; done)");
    told("no JSON", "hocket its answer is not of the protocol: hello", 1);
    here.side("hocket-bench-hocket", "read -r line; exit 3");
    told("exit", "hocket ended with exit code 3", 1);
    here.side("hocket-bench-hocket", "read -r line; kill -SEGV $$");
    told("signal", "hocket died of Segmentation fault", 1);
    here.side("hocket-bench-hocket", "exec sleep 1000");
    told("hang", "hocket gave no answer within 1 s and was killed", 1);
}

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    program = fs::absolute(argv[1]);
    doctest::Context context(argc - 1, argv + 1);
    return context.run();
}
