// Module libraries: what is in one can be played; of one that cannot be had nothing stays.
#include <hocket/audio/module_library.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <fstream>

#include "support.hpp"

using namespace support;

namespace {

// The folder where the build puts the libraries of the tests.
std::filesystem::path libraries() {
    char const* const where = std::getenv("HOCKET_TEST_LIBRARIES");
    REQUIRE_MESSAGE(where != nullptr, "HOCKET_TEST_LIBRARIES names a folder");
    return where;
}

std::filesystem::path library(std::string const& name) { return libraries() / ("libtest-library-" + name + ".so"); }

std::string failure_of(std::filesystem::path const& file) {
    try {
        audio::load_modules(file);
    } catch (audio::module_library_error const& e) {
        return e.what();
    }
    return "it was loaded";
}

// Loaded once in this process.
std::vector<std::string> const& counters() {
    static std::vector<std::string> const names = audio::load_modules(library("counter"));
    return names;
}

bool contains(std::string const& text, std::string const& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("what a library has is registered, and is played in audio time, AsyncThread and all") {
    CHECK(counters() == std::vector<std::string>{"test:Counter", "test:Place", "test:Stuck", "test:Unbuildable",
                                                "test:Unruly"});
    auto const all = audio::registered_modules();
    CHECK(std::find(all.begin(), all.end(), "test:Counter") != all.end());

    audio::patch p("counters");
    unsigned const counter = p.add("test:Counter");
    unsigned const place = p.add("test:Place");
    p.map_output({counter, 0}, 0);
    for (unsigned const block : {64u, 17u}) {
        audio::engine e({.runners = make_pool()});
        e.load(p);
        CHECK(e.at(place).save_state() == std::filesystem::absolute(library("counter")).string());
        auto const samples = render(e, 4800, {.sample_rate = 48000, .block = block});
        REQUIRE(samples.size() == 4800);
        // One call before every 24th frame, the first included.
        bool counted = true;
        for (std::size_t i = 0; i < samples.size(); ++i)
            counted = counted && samples[i] == static_cast<float>(i / 24 + 1);
        CHECK(counted);
        CHECK(e.stats().async_calls == 200);
    }
}

TEST_CASE("a second engine and real time: the code stays as long as the process") {
    counters();
    audio::patch p("counter");
    unsigned const counter = p.add("test:Counter");
    p.map_output({counter, 0}, 0);
    for (int round = 0; round < 3; ++round) {
        rig r;
        r.load(p);
        CHECK(eventually([&] { return r.engine.stats().async_calls >= 10; }));
    }
}

TEST_CASE("a library is loaded once: its names are taken then") {
    counters();
    CHECK(contains(failure_of(library("counter")), "a module is already registered as 'test:"));
    CHECK(audio::find_module("test:Counter"));
}

TEST_CASE("a name without a slash is a file of the current folder, not one of the loader's") {
    folder dir;
    auto const before = std::filesystem::current_path();
    std::filesystem::copy_file(library("throws"), dir / "here.so");
    std::filesystem::current_path(dir / ".");
    std::string const said = failure_of("here.so"), gone = failure_of("libm.so.6");
    std::filesystem::current_path(before);
    CHECK(contains(said, "'here.so': its modules cannot be registered: the samples are gone"));
    CHECK(contains(gone, "'libm.so.6': No such file or directory"));
}

TEST_CASE("every library that cannot be had is refused with a sentence, and registers nothing") {
    folder dir;
    std::ofstream(dir / "text.so") << "not a library";
    std::ofstream(dir / "empty.so");
    {
        auto const bytes = bytes_of(library("throws").string());
        std::string const text(bytes.begin(), bytes.end());
        auto const mark = text.find("hocket module library");
        REQUIRE(mark != text.npos);
        std::ofstream(dir / "cut.so", std::ios::binary).write(bytes.data(), 1000);
        std::ofstream(dir / "cut-later.so", std::ios::binary).write(bytes.data(), static_cast<long>(mark) + 100);
    }
    auto const names = audio::registered_modules();
    struct refusal {
        std::filesystem::path file;
        std::string says;
    };
    for (auto const& r : std::vector<refusal>{
             {dir / "gone.so", "gone.so': No such file or directory"},
             {dir / ".", "' is not a shared object"},
             {dir / "text.so", "text.so' is not a shared object"},
             {dir / "empty.so", "empty.so' is not a shared object"},
             {dir / "cut.so", "cut.so' has no modules: it is not a module library of hocket"},
             {dir / "cut-later.so", "cut-later.so' is truncated"},
             {library("no-mark"), "has no modules: it is not a module library of hocket"},
             {library("no-function"), "has no function hocket_register_modules"},
             {library("nothing"), "its modules cannot be registered: it names none"},
             {library("taken"), "a module is already registered as 'hocket:Gain'"},
             {library("twice"), "two modules are registered as 'test:Idle'"},
             {library("nameless"), "a module must be registered under a name"},
             {library("throws"), "its modules cannot be registered: the samples are gone"},
             {library("throws-a-number"), "it threw something that is no std::exception"},
             {library("missing-symbol"), "defined_nowhere"},
         }) {
        CAPTURE(r.file);
        std::string const said = failure_of(r.file);
        CAPTURE(said);
        CHECK(said.starts_with("'" + r.file.string() + "'"));
        CHECK(contains(said, r.says));
        CHECK(audio::registered_modules() == names);
    }
}

TEST_CASE("of a library that was built against another hocket nothing runs") {
    unsetenv("HOCKET_TEST_LIBRARY_RAN");
    std::string const revision = failure_of(library("other-revision"));
    CHECK(contains(revision, "was built against another version of hocket, v0 revision 999 with modules of"));
    CHECK(contains(revision, "it has to be built again"));
    // The same sources in another inline namespace: its symbols are not here.
    std::string const abi = failure_of(library("other-abi"));
    CHECK(contains(abi, "was built against another version of hocket, explored revision"));
    CHECK(std::getenv("HOCKET_TEST_LIBRARY_RAN") == nullptr);
    // A library of ours does run, so the look above could have failed.
    CHECK(contains(failure_of(library("throws-late")), "the samples are gone"));
    CHECK(std::getenv("HOCKET_TEST_LIBRARY_RAN") != nullptr);
}

#if defined(__x86_64__)
namespace {

struct probe : quiet {
    virtual void after_all_of_modules() {}
};

}  // namespace

TEST_CASE("the revision of module libraries is raised when the virtual functions of module change") {
    // The Itanium ABI's pointer to a virtual member is the place in the table, plus one.
    auto const pointer = &probe::after_all_of_modules;
    auto const words = std::bit_cast<std::array<std::uintptr_t, 2>>(pointer);
    audio::detail::module_library_mark const mark;
    CHECK_MESSAGE((words[0] - 1) / sizeof(void*) == 19, "raise the revision, and change both numbers here");
    CHECK(mark.revision == 1);
}
#endif
