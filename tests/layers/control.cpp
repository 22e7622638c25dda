// That the rules see what they are there for: trees with one violation each, and trees with none.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "code_text.hpp"
#include "rules.hpp"

namespace fs = std::filesystem;

// A small tree in a temporary folder, without violations.
struct tree {
    tree() {
        auto name = (fs::temp_directory_path() / "hocket-layers-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()));
        root = name;
        for (auto const* file :
             {"include/hocket/detail/config.hpp", "include/hocket/detail/atomic.hpp", "include/hocket/arena.hpp",
              "include/hocket/detail/bias.hpp", "include/hocket/detail/deque.hpp", "include/hocket/detail/fault.hpp",
              "include/hocket/runtime.hpp", "include/hocket/audio.hpp", "include/hocket/testing.hpp",
              "include/metamodule/CoreModules/async_thread.hh", "src/seam/clock.hpp", "src/seam/explored/atomic.hpp",
              "src/alloc/stack.hpp", "src/fibers/context/context.hpp", "src/fibers/sched/worker.hpp",
              "src/fibers/sync/queue.hpp", "src/fibers/face.hpp", "src/audio/engine.hpp", "src/testing/case.hpp",
              "src/stress/table.hpp"})
            write(file, "#pragma once\n");
    }
    ~tree() { fs::remove_all(root); }

    void write(std::string const& file, std::string const& text) {
        fs::create_directories((root / file).parent_path());
        std::ofstream(root / file) << text;
    }

    fs::path root;
};

struct sample {
    char const* file;
    char const* line;
    char const* part = "";  // of the sentence that it brings
};

TEST_CASE("a violation of each kind is told with file and line") {
    static sample const samples[]{
        {"src/seam/a.cpp", "#include \"alloc/stack.hpp\"", "backwards"},
        {"src/seam/a.cpp", "#include <hocket/arena.hpp>", "backwards"},
        {"src/alloc/a.cpp", "#include \"fibers/context/context.hpp\"", "backwards"},
        {"src/alloc/a.cpp", "#include <hocket/runtime.hpp>", "backwards"},
        {"src/seam/a.cpp", "#include <hocket/detail/deque.hpp>", "backwards"},
        {"include/hocket/detail/bias.hpp", "#include <hocket/detail/deque.hpp>", "backwards"},
        {"include/hocket/detail/fault.hpp", "#include <hocket/arena.hpp>", "backwards"},
        {"src/fibers/context/a.cpp", "#include \"fibers/sched/worker.hpp\"", "backwards"},
        {"src/fibers/context/a.cpp", "#include \"../sched/worker.hpp\"", "backwards"},
        {"src/fibers/sched/a.cpp", "#include \"fibers/sync/queue.hpp\"", "backwards"},
        {"src/fibers/sync/a.cpp", "#include \"fibers/face.hpp\"", "backwards"},
        {"src/fibers/a.cpp", "#include <hocket/audio.hpp>", "backwards"},
        {"src/fibers/a.cpp", "#include \"audio/engine.hpp\"", "backwards"},
        {"src/audio/a.cpp", "#include <hocket/testing.hpp>", "backwards"},
        {"include/hocket/arena.hpp", "#include <hocket/runtime.hpp>", "backwards"},
        {"src/audio/a.cpp", "#include \"seam/clock.hpp\"", "only public headers"},
        {"src/testing/a.cpp", "#include \"fibers/sched/worker.hpp\"", "only public headers"},
        {"src/stress/a.cpp", "#  include  \"alloc/stack.hpp\"", "only public headers"},
        {"src/play/a.cpp", "#include \"stress/table.hpp\"", "only public headers"},
        {"examples/a.cpp", "#include \"../src/alloc/stack.hpp\"", "only public headers"},
        {"bench/fork/a.cpp", "#include \"alloc/stack.hpp\"", "only public headers"},
        {"include/hocket/runtime.hpp", "#include \"fibers/face.hpp\"", "private"},
        {"include/hocket/runtime.hpp", "#include \"seam/explored/atomic.hpp\"", "private"},
        {"include/hocket/runtime.hpp", "#include <pthread.h>", "only std and public"},
        {"include/hocket/runtime.hpp", "#include <doctest/doctest.h>", "only std and public"},
        {"include/hocket/runtime.hpp", "#include <spdlog/spdlog.h>", "fenced"},
        {"include/hocket/audio.hpp", "#include <boost/context/fiber.hpp>", "fenced"},
        {"src/fibers/sched/a.cpp", "#include <spdlog/spdlog.h>", "fenced"},
        {"src/fibers/sched/a.cpp", "#include <boost/context/fiber.hpp>", "fenced"},
        {"src/alloc/a.cpp", "#include \"gone.hpp\"", "not in this tree"},
        {"src/novel/a.cpp", "int x;", "no place"},
        {"src/alloc/a.cpp", "std::atomic<int> n;", "an atomic"},
        {"include/hocket/detail/deque.hpp", "std::atomic_signal_fence(x);", "an atomic"},
        {"src/fibers/a.cpp", "std::atomic_thread_fence(x);", "an atomic"},
        {"src/fibers/a.cpp", "__atomic_load_n(&x, 0);", "an atomic"},
        {"src/fibers/sched/a.cpp", "std::thread t; std::jthread u;", "a thread"},
        {"src/fibers/sched/a.cpp", "std::this_thread::yield();", "a thread"},
        {"include/hocket/runtime.hpp", "std::mutex m;", "a mutex"},
        {"include/hocket/detail/lock.hpp", "std::shared_mutex m;", "a mutex"},
        {"src/fibers/sync/a.cpp", "std::condition_variable_any c;", "synchronisation"},
        {"src/fibers/a.cpp", "auto t = std::chrono::steady_clock::now();", "a clock"},
        {"src/fibers/a.cpp", "clock_gettime(0, &t);", "a clock"},
        {"src/alloc/a.cpp", "std::mt19937 g;", "a random engine"},
        {"src/fibers/sched/a.cpp", "int r = rand();", "a random number"},
        {"src/fibers/sched/a.cpp", "static thread_local int x;", "a thread-local"},
        {"src/fibers/sched/a.cpp", "syscall(SYS_futex, 0);", "a futex"},
    };
    for (auto const& s : samples) {
        INFO(std::string(s.file), ": ", std::string(s.line));
        tree t;
        t.write(s.file, std::string("// std::mutex in a comment\n\n") + s.line + "\n");
        auto const result = layers::check(t.root);
        REQUIRE(result.violations.size() >= 1);
        auto const& v = result.violations.front();
        CHECK(v.file == s.file);
        CHECK(v.line == (std::string(s.part) == "no place" ? 1 : 3));
        CHECK(v.sentence.find(s.part) != std::string::npos);
        CHECK(result.violations.size() == 1);
    }
}

TEST_CASE("what is allowed is not told") {
    static sample const samples[]{
        {"src/fibers/sched/a.cpp", "// std::thread, rand(), thread_local"},
        {"src/fibers/sched/a.cpp", "/* std::thread\n rand() */ int n = 1'000'000; // rand()"},
        {"src/fibers/sched/a.cpp", "say(\"std::mutex \\\" rand()\"); char c = '\"'; f(R\"x(std::thread \" )\" )x\");"},
        {"src/fibers/sched/a.cpp", "std::chrono::steady_clock::time_point t; int operand(int);"},
        {"src/fibers/sched/a.cpp", "detail::atomic<int> n; seam::thread t; hocket::mutex m;"},
        {"src/seam/a.cpp", "std::atomic<int> n; thread_local int m; std::thread t;"},
        {"src/seam/explored/a.cpp", "#include \"seam/clock.hpp\""},
        {"src/seam/a.cpp", "#include <hocket/detail/fault.hpp>"},
        {"src/fibers/sched/a.cpp", "#include <hocket/detail/bias.hpp>"},
        {"include/hocket/detail/deque.hpp", "#include <hocket/detail/bias.hpp>"},
        {"include/hocket/detail/bias.hpp", "std::atomic_signal_fence(std::memory_order_seq_cst);"},
        {"src/audio/a.cpp", "#include <spdlog/spdlog.h>"},
        {"src/audio/a.cpp", "std::atomic<int> n;"},
        {"src/fibers/trace.cpp", "#include <spdlog/spdlog.h>"},
        {"src/fibers/context/a.cpp", "#include <boost/context/fiber.hpp>"},
        {"src/fibers/context/a.cpp", "#include <hocket/runtime.hpp>"},
        {"src/fibers/sched/a.cpp", "#include \"fibers/context/context.hpp\""},
        {"src/stress/a.cpp", "#include \"stress/table.hpp\""},
        {"src/stress/a.cpp", "#include \"table.hpp\""},
        {"bench/a.cpp", "#include <boost/fiber/all.hpp>"},
        {"include/hocket/runtime.hpp", "#include <chrono>"},
        {"include/hocket/testing.hpp", "#include <doctest/doctest.h>"},
        {"include/hocket/detail/atomic.hpp", "#include \"seam/explored/atomic.hpp\""},
        {"include/hocket/detail/atomic.hpp", "template <class T> using atomic = std::atomic<T>;"},
        {"include/metamodule/CoreModules/async_thread.hh", "#include <hocket/audio.hpp>"},
        {"examples/a.cpp", "#include \"CoreModules/async_thread.hh\""},
    };
    for (auto const& s : samples) {
        INFO(std::string(s.file), ": ", std::string(s.line));
        tree t;
        t.write(s.file, std::string(s.line) + "\n");
        auto const result = layers::check(t.root);
        for (auto const& v : result.violations) FAIL_CHECK(v.file << ':' << v.line << ": " << v.sentence);
        CHECK(result.files >= 20);
    }
}

TEST_CASE("blanking keeps lines and columns") {
    CHECK(layers::code_of("a /* b\n c */ d // e\nf") == "a     \n      d     \nf");
    CHECK(layers::code_of("x = \"a\\\"b\"; y") == "x = \"    \"; y");
    CHECK(layers::code_of("#include \"a/b.hpp\" // c") == "#include \"a/b.hpp\"     ");
    CHECK(layers::code_of("/* never closed") == "               ");
}
