// Fibers that run over the end of their stacks. Each in a forked child of a process without other threads.
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <hocket/hocket.hpp>
#include <hocket/parallel_invoke.hpp>
#include <mutex>
#include <string>
#include <thread>

#include "overflowing.hpp"

using namespace std::chrono_literals;
using namespace hocket::literals;
using hocket::runtime;

namespace {

// Where the report says that something is: the number after `words` and "program + ".
std::uintptr_t offset_after(std::string const& text, std::string const& words) {
    std::size_t const at = text.find(words + "test-fibers-overflow + 0x");
    if (at == std::string::npos) return 0;
    return std::stoull(text.substr(text.find("0x", at)), nullptr, 16);
}

// Whether `offset` lies in a function that begins at `f`, in this program.
bool lies_in(std::uintptr_t offset, void const* f) {
    Dl_info info;
    REQUIRE(dladdr(f, &info) != 0);
    auto const begin = reinterpret_cast<std::uintptr_t>(f) - reinterpret_cast<std::uintptr_t>(info.dli_fbase);
    return offset >= begin && offset < begin + 16 * 1024;
}

struct expected {
    std::string fiber;  // after the number: " 'name' on worker 1"; " 'name' on " when any may have it
    std::size_t stack_size = 65536;
    void const* spawner = nullptr;  // the function that spawned it
    bool own_size = false;
};

// It is aborted, and the report, on stderr and again through the logger, tells whose stack it was and what to do.
template <class F>
child_end overflows(expected const& e, F&& body) {
    child_end const end = in_child(std::forward<F>(body));
    INFO("the child said: " << end.text);
    CHECK(end.signal == SIGABRT);
    std::string const begin = "stack overflow in fiber ";
    CHECK(end.text.rfind("hocket: " + begin, 0) == 0);
    std::size_t const logged = end.text.find("logged: " + begin);
    REQUIRE(logged != std::string::npos);
    std::string const report = end.text.substr(8, logged - 8);
    CHECK(end.text.compare(logged + 8, report.size(), report) == 0);

    std::size_t const after = report.find_first_not_of("0123456789", begin.size());
    CHECK(after > begin.size());
    bool const anywhere = e.fiber.back() == ' ';
    std::string const fiber = e.fiber + (anywhere ? "" : ":");
    CHECK(report.compare(after, fiber.size(), fiber) == 0);
    CHECK(report.find(": its stack of " + std::to_string(e.stack_size) + " bytes is used up") != std::string::npos);
    if (e.spawner != nullptr) CHECK(lies_in(offset_after(report, "\n  spawned at "), e.spawner));
    CHECK(report.find("\n  raise launch::stack_size for this task") != std::string::npos);
    if (e.own_size)
        CHECK(report.find("(" + std::to_string(e.stack_size) + " now, 8388608 at most)") != std::string::npos);
    else
        CHECK(report.find(", or runtime_options::stack_size (" + std::to_string(e.stack_size) + " now) for all") !=
              std::string::npos);
    return end;
}

__attribute__((noinline)) void spawn_named(hocket::launch const& how) {
    hocket::go(how, &overflow);
    asm volatile("" ::: "memory");
}

}  // namespace

TEST_CASE("overflow: on a worker") {
    expected const report{" 'the deep one' on worker 1", 65536, reinterpret_cast<void const*>(&spawn_named)};
    child_end const end = overflows(report, [] {
        runtime rt(small());
        rt.run([] {
            spawn_named({.name = "the deep one", .worker = 1});
            park();
        });
    });
    // A sanitizer's run-time may be where it happens, and a compiler may keep a copy of a function elsewhere.
    if (!sanitized()) CHECK(offset_after(end.text, "is used up at ") != 0);
}

TEST_CASE("overflow: a fiber without a name, on run()'s caller") {
    overflows({" on worker 0"}, [] {
        runtime rt(small(1));
        rt.run(&overflow);
    });
}

TEST_CASE("overflow: a name is not cut before 200 characters, and a longer one does no harm") {
    overflows({" '" + std::string(200, 'n') + "' on worker 0"}, [] {
        runtime rt(small(1));
        rt.run([] {
            hocket::go({.name = std::string(200, 'n'), .worker = 0}, &overflow);
            park();
        });
    });
    overflows({" '" + std::string(200, 'n') + "' (its name is longer) on worker 0"}, [] {
        runtime rt(small(1));
        rt.run([] {
            hocket::go({.name = std::string(10'000, 'n'), .worker = 0}, &overflow);
            park();
        });
    });
}

TEST_CASE("overflow: on a blocking worker") {
    overflows({" 'reader' on blocking worker 0"}, [] {
        runtime rt(small());
        rt.run([] {
            hocket::go_blocking({.name = "reader"}, &overflow);
            park();
        });
    });
}

TEST_CASE("overflow: a stack of the runtime's other size") {
    overflows({" on worker 0", 256 * 1024}, [] {
        hocket::runtime_options o = small(1);
        o.stack_size = 256_KiB;
        runtime rt(o);
        rt.run(&overflow);
    });
}

TEST_CASE("overflow: a stack of the task's own size, at once and after suspensions") {
    for (std::size_t const size : {std::size_t{128_KiB}, std::size_t{8_MiB}}) {
        overflows({" 'large' on worker 1", size, reinterpret_cast<void const*>(&spawn_named), true}, [size] {
            runtime rt(small());
            rt.run([size] {
                spawn_named({.name = "large", .worker = 1, .stack_size = size});
                park();
            });
        });
        overflows({" 'large' on worker 0", size, nullptr, true}, [size] {
            runtime rt(small(1));
            rt.run([size] {
                hocket::go({.name = "large", .worker = 0, .stack_size = size}, [] {
                    hocket::this_fiber::sleep_for(1ms);
                    hocket::this_fiber::yield();
                    overflow();
                });
                park();
            });
        });
    }
}

TEST_CASE("overflow: a fiber that has been suspended, many others beside it") {
    overflows({" 'one of many' on worker 0"}, [] {
        runtime rt(small());
        rt.run([] {
            for (int i = 0; i < 100; ++i) hocket::go(&park);
            hocket::go({.name = "one of many", .worker = 0}, [] {
                for (int i = 0; i < 10; ++i) hocket::this_fiber::yield();
                overflow();
            });
            park();
        });
    });
}

#ifndef HOCKET_TSAN  // each yield enters its run-time, which runs over the end in there and cannot be entered again
// The deepest it comes is in the switch itself.
TEST_CASE("overflow: a fiber that yields at every level") {
    overflows({" 'restless' on worker 0"}, [] {
        runtime rt(small(1));
        rt.run([] {
            hocket::go({.worker = 0}, [] {
                while (true) hocket::this_fiber::yield();
            });
            hocket::go({.name = "restless", .worker = 0},
                       [] { descend<1>(4u << 20, [] { hocket::this_fiber::yield(); }); });
            park();
        });
    });
    overflows({" on "}, [] {  // not pinned: the short way from fiber to fiber
        runtime rt(small(1));
        rt.run([] {
            hocket::go([] {
                while (true) hocket::this_fiber::yield();
            });
            descend<1>(4u << 20, [] { hocket::this_fiber::yield(); });
        });
    });
}
#endif

// -fstack-clash-protection: a frame is touched page by page.
TEST_CASE("overflow: a frame larger than the guard does not step over it") {
    overflows({" on "}, [] {
        runtime rt(small(1));
        rt.run([] {
            for (int i = 0; i < 10; ++i) hocket::go(&park);
            hocket::this_fiber::yield();
            static_cast<void>(descend<100'000>());
        });
    });
}

TEST_CASE("overflow: a job called inside its forker, and one that was stolen") {
    child_end const inlined = overflows({" 'forker' on worker 0"}, [] {
        runtime rt(small(1));
        rt.run([] {
            hocket::go({.name = "forker", .worker = 0}, [] { hocket::parallel_invoke([] {}, &overflow); });
            park();
        });
    });
    CHECK(says(inlined, ", in a job that it has forked: test-fibers-overflow + 0x"));
    overflows({" 'forker' on "}, [] {
        runtime rt(small());
        rt.run([] {
            hocket::go({.name = "forker", .worker = 1}, [] {
                std::atomic<bool> begun{false};
                hocket::parallel_invoke(
                    [&] {
                        while (!begun.load()) std::this_thread::yield();
                        std::this_thread::sleep_for(60s);
                    },
                    [&] {
                        begun.store(true);
                        overflow();
                    });
            });
            park();
        });
    });
}

TEST_CASE("overflow: two at once, each report whole") {
    child_end const end = in_child([] {
        runtime rt({.workers = 3, .blocking_workers = 1, .logger = [](hocket::log_level, std::string_view) {}});
        rt.run([] {
            static std::atomic<int> ready{0};
            for (int const worker : {1, 2})
                hocket::go({.name = worker == 1 ? "one" : "two", .worker = worker}, [] {
                    ready.fetch_add(1);
                    while (ready.load() != 2) std::this_thread::yield();
                    overflow();
                });
            park();
        });
    });
    INFO("the child said: " << end.text);
    CHECK(end.signal == SIGABRT);
    CHECK((says(end, " 'one' on worker 1: its stack") || says(end, " 'two' on worker 2: its stack")));
    std::size_t reports = 0;
    std::string const begin = "hocket: stack overflow in fiber ";
    for (std::size_t at = 0; (at = end.text.find(begin, at)) != std::string::npos; ++reports) {
        at = end.text.find("names the code\n", at);
        REQUIRE(at != std::string::npos);
        at += std::string("names the code\n").size();
        CHECK((at == end.text.size() || end.text.compare(at, 8, "hocket: ") == 0));
    }
    CHECK(reports >= 1);
}

// --- the logger
// ------------------------------------------------------------------------------------------------------------

TEST_CASE("overflow: through spdlog where no logger is given") {
    child_end const end = in_child([] {
        dup2(STDERR_FILENO, STDOUT_FILENO);
        runtime rt({.workers = 1, .blocking_workers = 1});
        rt.run(&overflow);
    });
    INFO("the child said: " << end.text);
    CHECK(end.signal == SIGABRT);
    CHECK(end.text.find("hocket: stack overflow") != end.text.rfind("hocket: stack overflow"));
    CHECK(says(end, "error"));
}

TEST_CASE("overflow: a logger that faults, throws, overflows, aborts or never returns changes nothing") {
    hocket::mutex m;
    void (*const loggers[])() = {
        [] { touch_nothing(); },
        [] { throw 1; },
        [] { overflow(); },
        [] { abort(); },
        [] { std::this_thread::sleep_for(60s); },
#ifndef HOCKET_TSAN  // which keeps a timer's signal until the program calls into its run-time
        [] {
            while (true) asm volatile("");
        },
#endif
    };
    auto const dies = [](auto logger) {
        child_end const end = in_child([&] {
            runtime rt({.workers = 2, .blocking_workers = 1, .logger = [&](hocket::log_level level, std::string_view) {
                            if (level != hocket::log_level::error) return;
                            bool const as_fiber = hocket::this_fiber::in_runtime();
                            fprintf(stderr, "logging as a %s\n", as_fiber ? "fiber" : "thread");
                            logger();
                        }});
            rt.run([] {
                hocket::go({.name = "deep", .worker = 1}, &overflow);
                park();
            });
        });
        INFO("the child said: " << end.text);
        CHECK(end.signal == SIGABRT);
        CHECK(end.text.rfind("hocket: stack overflow in fiber", 0) == 0);
        CHECK(says(end, "names the code\nlogging as a thread\n"));
    };
    for (auto const logger : loggers) dies(logger);
    // It waits for what another fiber holds: as a thread, which blocks, and not as the fiber, which would be suspended.
    dies([&m] {
        std::thread([&m] { m.lock(); }).join();
        std::lock_guard const never(m);
    });
}

TEST_CASE("overflow: a program's own handler for SIGABRT is asked, whatever becomes of the logger") {
    for (bool const faults : {false, true}) {
        child_end const end = in_child([faults] {
            signal(SIGABRT, [](int) { _exit(42); });
            auto const logger = [faults](hocket::log_level level, std::string_view) {
                if (level == hocket::log_level::error && faults) touch_nothing();
            };
            runtime rt({.workers = 1, .blocking_workers = 1, .logger = logger});
            rt.run(&overflow);
        });
        CHECK(end.signal == 0);
        CHECK(end.code == 42);
    }
}
