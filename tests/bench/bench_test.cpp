// The benchmark program runs a row, writes what it promises, and sees a side that does wrong.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
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

// Runs `bench` with arguments that need no quoting, and --json before them.
ended run(fs::path const& bench, std::string const& arguments, std::string const& environment = "") {
    folder const here;
    fs::path const out = here.path / "out", err = here.path / "err", json = here.path / "json";
    auto const quoted = [](fs::path const& path) { return '\'' + path.string() + '\''; };
    std::string const line = "env " + environment + ' ' + quoted(bench) + " --json " + quoted(json) + ' ' + arguments +
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
    for (char const* arguments :
         {"T99", "T2 nothing", "--rounds 0", "--rounds x", "--rounds", "--patience 0", "--context third", "--nonsense",
          "--scaling T2"}) {
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

TEST_CASE("what cannot be written is told before anything is measured") {
    folder const here;
    std::ofstream(here.path / "file") << "not a folder";
    for (std::string const& arguments :
         {std::string("T2 --results /proc/nowhere"), std::string("T2 --results /proc"),
          "T2 --results " + (here.path / "file").string(), std::string("T2 --json /proc/nowhere"),
          "T2 --json " + (here.path / "no-folder" / "json").string(), "T2 --json " + here.path.string()}) {
        auto const e = run(program, arguments);
        INFO(arguments, ": ", e.err);
        CHECK(e.code == 77);
        CHECK(is_sentence(e.err));
        CHECK(e.err.find("cannot ") != std::string::npos);
        CHECK(e.out.empty());
    }
}

TEST_CASE("a report that is lost although its file was there is a failure, and the table is printed all the same") {
    auto const e = run(program, "--quick --rounds 1 T1 --json /dev/full");
    CHECK(e.code == 1);
    CHECK(is_sentence(e.err));
    CHECK(e.err.find("cannot write /dev/full: ") != std::string::npos);
    CHECK(e.out.find("| T1 ") != std::string::npos);

    folder const here;
    fs::path const err = here.path / "err";
    std::string const line =
        '\'' + program.string() + "' --quick --rounds 1 T1 >/dev/full 2>'" + err.string() + '\'';
    CHECK(WEXITSTATUS(std::system(line.c_str())) == 1);
    CHECK(text_of(err) == "hocket-bench: cannot write the table to standard output\n");
}

TEST_CASE("of an option given twice the last counts") {
    auto const e = run(program, "--quick --rounds 3 --rounds 1 t1");
    CHECK(e.code == 0);
    REQUIRE(e.report.is_object());
    CHECK(e.report["rounds"] == 1);
    CHECK(e.report["rows"][0]["id"] == "T1");
}

TEST_CASE("every row is measured, and every side's checksum is right") {
    auto const e = run(program, "--quick --rounds 1 --patience 20");
    INFO(e.out, e.err);
    CHECK(e.code == 0);
    CHECK(e.out.find("FAILED") == std::string::npos);
    REQUIRE(e.report.is_object());
    for (auto const& row : e.report["rows"]) {
        INFO(row.dump());
        CHECK(row["ours"].is_number());
        CHECK((row["rival_value"].is_number() || row["verdict"] == "rival missing"));
    }
}

TEST_CASE("the speed-up table has each side on 1 worker, and on more where there are cores") {
    auto const e = run(program, "--quick --rounds 1 --scaling");
    INFO(e.err);
    CHECK(e.code == 0);
    REQUIRE(e.report.is_object());
    CHECK(e.report["schema"] == "hocket-bench-scaling/1");
    auto const cores = e.report["machine"]["cores"].get<unsigned>();
    std::map<unsigned, int> on;
    for (auto const& row : e.report["rows"]) {
        auto const workers = row["workers"].get<unsigned>();
        CHECK((workers == 1 || workers <= cores));
        if (row["side"] != "hocket") continue;
        ++on[workers];
        REQUIRE(row["ns"].is_number());
        CHECK(row["per_second"].get<double>() == doctest::Approx(1e9 / row["ns"].get<double>()));
        CHECK(row["speed_up"].get<double>() > 0);
        if (workers == 1) CHECK(row["speed_up"] == 1);
        CHECK(row["cores"].get<double>() > 0);
    }
    for (unsigned const workers : {1, 2, 4, 8, 16}) CHECK(on[workers] == (workers == 1 || workers <= cores ? 4 : 0));
    CHECK((e.out.find("- not had: ") != e.out.npos) == (cores < 16));
}

TEST_CASE("the speed-up is against the same side on 1 worker") {
    folder const here;
    fs::path const bench = here.path / "hocket-bench";
    fs::copy_file(program, bench);
    // Twice as fast on more workers, on two cores; right about fib(20) only.
    here.side("hocket-bench-hocket",
              R"(case "$*" in *workers=1*) wall=1000 ;; *) wall=500 ;; esac
while read -r line; do echo '{"count": 10, "checksum": 6765, "cpu_ns": 1000, "wall_ns": '$wall'}'; done)");
    auto const e = run(bench, "--quick --rounds 1 --patience 1 --scaling");
    CHECK(e.code == 1);  // the other cases
    REQUIRE(e.report.is_object());
    auto const cores = e.report["machine"]["cores"].get<unsigned>();
    unsigned right = 0;
    for (auto const& row : e.report["rows"]) {
        if (row["side"] != "hocket" || row["ns"].is_null()) continue;
        ++right;
        bool const alone = row["workers"] == 1;
        CHECK(row["ns"] == (alone ? 100 : 50));
        CHECK(row["speed_up"] == (alone ? 1 : 2));
        CHECK(row["cores"] == (alone ? 1 : 2));
    }
    CHECK(right == (cores >= 16 ? 5 : cores >= 8 ? 4 : cores >= 4 ? 3 : cores >= 2 ? 2 : 1));
}

TEST_CASE("a side that fails on the way to the speed-up table is named") {
    folder const here;
    fs::path const bench = here.path / "hocket-bench";
    fs::copy_file(program, bench);
    here.side("hocket-bench-hocket", "read -r line; exit 3");
    auto const e = run(bench, "--quick --rounds 1 --patience 1 --scaling");
    CHECK(e.code == 1);
    CHECK(e.out.find("hocket ended with exit code 3") != std::string::npos);
    CHECK(e.out.find("oneTBB not installed when the benchmarks were built") != std::string::npos);
    REQUIRE(e.report.is_object());
    for (auto const& row : e.report["rows"]) {
        CHECK(row["ns"].is_null());
        CHECK(row["speed_up"].is_null());
        CHECK(row["sentence"].is_string());
    }
}

TEST_CASE("sides that are missing are named, those that fail are seen") {
    folder const here;
    fs::path const bench = here.path / "hocket-bench";
    fs::copy_file(program, bench);
    here.side("hocket-bench-boost", answers("100000"));
    auto const alone = run(bench, "--quick --rounds 1 T2");
    CHECK(alone.code == 1);
    CHECK(alone.out.find("hocket is not there: ") != std::string::npos);

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

TEST_CASE("a side that is unable is named and no failure; where more is better the ratio is turned round") {
    folder const here;
    fs::path const bench = here.path / "hocket-bench";
    fs::copy_file(program, bench);
    here.side("hocket-bench-hocket",
              R"(while read -r line; do echo '{"count": 500, "cpu_ns": 5, "wall_ns": 5, "checksum": 1000}'; done)");
    here.side("hocket-bench-boost", R"(read -r line; echo '{"unable": "needs more"}'; read -r line)");
    auto const e = run(bench, "--quick --rounds 3 --patience 5 T13");
    INFO(e.out, e.err);
    CHECK(e.code == 0);
    CHECK(e.out.find("Boost.Fiber protected needs more") != e.out.npos);
    REQUIRE(e.report.is_object());
    REQUIRE(e.report["rows"].size() == 4);
    for (auto const& row : e.report["rows"]) {
        CHECK(row["our_side"]["rounds"].size() == 1);  // of three: it is dear
        if (row["rival"] == "limit") {
            CHECK(row["ratio"].get<double>() == doctest::Approx(1'000'000 / 500));
            CHECK(row["verdict"] == "MISSES");
        } else {
            CHECK(row["ratio"].is_null());
            CHECK(row["verdict"] == "rival unable");
        }
    }

    here.side("hocket-bench-hocket", R"(read -r line; echo '{"unable": "finds no memory"}'; read -r line)");
    auto const neither = run(bench, "--quick --patience 5 T13");
    CHECK(neither.code == 0);
    CHECK(neither.out.find("hocket finds no memory") != neither.out.npos);
}

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    program = fs::absolute(argv[1]);
    doctest::Context context(argc - 1, argv + 1);
    return context.run();
}
