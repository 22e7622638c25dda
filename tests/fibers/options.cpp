// runtime_options: what is refused, and the hooks.
#include <hocket/testing.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <hocket/fiber.hpp>
#include <hocket/future.hpp>
#include <hocket/go.hpp>
#include <hocket/mutex.hpp>
#include <hocket/runtime.hpp>
#include <hocket/semaphore.hpp>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "clean.hpp"

using namespace std::chrono_literals;
using namespace hocket::literals;
using hocket::runtime;
using hocket::runtime_options;

TEST_CASE("options: each that is out of range is refused with a sentence that names it") {
    auto refused = [](runtime_options const& o, char const* field) {
        CAPTURE(field);
        try {
            runtime const rt(o);
            FAIL_CHECK("it was taken");
        } catch (std::invalid_argument const& e) {
            std::string const said = e.what();
            CHECK(said.find(field) != std::string::npos);
            CHECK(said.find("hocket") == 0);
        }
    };
    refused({.workers = 1025}, "workers");
    refused({.workers = 1, .blocking_workers = 100'000}, "blocking_workers");
    refused({.workers = 1, .stack_size = 1000}, "stack_size");
    refused({.workers = 1, .stack_size = 9_MiB}, "stack_size");
    refused({.workers = 4, .blocking_workers = 2, .max_stacks = 11}, "max_stacks");
    refused({.workers = 4, .blocking_workers = 2, .max_stacks = 0}, "max_stacks");
    refused({.workers = 1, .observer = {.suspend = [] { return static_cast<void*>(nullptr); }}}, "observer");
    refused({.workers = 1, .observer = {.resume = [](void*) {}}}, "observer");
}

TEST_CASE("options: the least that is allowed is enough") {
    for_worker_counts([](unsigned workers) {
        runtime rt{{.workers = workers, .blocking_workers = 1, .stack_size = 16_KiB, .max_stacks = 2 * (workers + 1)}};
        std::atomic<int> done{0};
        rt.run([&done] {
            for (int i = 0; i < 30; ++i)
                hocket::go([&done] {
                    hocket::this_fiber::yield();
                    done.fetch_add(1);
                });
        });
        rt.shutdown();
        CHECK(done.load() == 30);
        check_clean(rt);
    });
}

TEST_CASE("options: zeros mean what this machine has") {
    runtime rt;
    CHECK(rt.stats().workers >= 1);
    CHECK(rt.stats().blocking_workers >= 1);
    CHECK(rt.stats().seed != 0);
    CHECK(rt.run([] { return 3; }) == 3);
}

TEST_CASE("options: the context is the one that was asked for") {
    for (auto const c : {hocket::context_backend::native, hocket::context_backend::boost}) {
        runtime rt{{.workers = 2, .blocking_workers = 1, .context = c}};
        CHECK(rt.stats().context == c);
        CHECK(rt.run([] {
            auto f = hocket::async([] {
                hocket::this_fiber::sleep_for(100us);
                return 1;
            });
            return f.get();
        }) == 1);
    }
}

TEST_CASE("options: HOCKET_CONTEXT chooses, and must be one of the two") {
    struct environment {
        std::string before;
        environment() {
            if (char const* const v = std::getenv("HOCKET_CONTEXT")) before = v;
        }
        ~environment() {
            if (before.empty())
                unsetenv("HOCKET_CONTEXT");
            else
                setenv("HOCKET_CONTEXT", before.c_str(), 1);
        }
    } const restored;
    setenv("HOCKET_CONTEXT", "boost", 1);
    CHECK(runtime{{.workers = 1}}.stats().context == hocket::context_backend::boost);
    setenv("HOCKET_CONTEXT", "native", 1);
    CHECK(runtime{{.workers = 1}}.stats().context == hocket::context_backend::native);
    CHECK(runtime{{.workers = 1, .context = hocket::context_backend::boost}}.stats().context ==
          hocket::context_backend::boost);
    setenv("HOCKET_CONTEXT", "", 1);
    CHECK_NOTHROW(runtime{{.workers = 1}});
    setenv("HOCKET_CONTEXT", "nonsense", 1);
    CHECK_THROWS_WITH_AS((runtime{{.workers = 1}}), doctest::Contains("HOCKET_CONTEXT is 'nonsense'"), std::invalid_argument);
}

TEST_CASE("options: on_unhandled gets the task's name and what it threw; the logger hears of it") {
    for_worker_counts([](unsigned workers) {
        std::mutex m;
        std::vector<std::string> got, lines;
        runtime rt{{.workers = workers,
                    .blocking_workers = 1,
                    .on_unhandled =
                        [&](std::string_view task, std::exception_ptr e) {
                            std::lock_guard const held(m);
                            try {
                                std::rethrow_exception(e);
                            } catch (std::exception const& x) {
                                got.push_back(std::string(task) + ":" + x.what());
                            } catch (int n) {
                                got.push_back(std::string(task) + ":" + std::to_string(n));
                            }
                        },
                    .logger =
                        [&](hocket::log_level level, std::string_view line) {
                            std::lock_guard const held(m);
                            if (level == hocket::log_level::error) lines.emplace_back(line);
                        }}};
        rt.run([] {
            hocket::go({.name = "loader"}, [] {
                hocket::this_fiber::yield();
                throw std::runtime_error("lost");
            });
            hocket::go([] { throw 7; });
            hocket::go_blocking({.name = "slow"}, [] { throw 8; });
            hocket::fiber f({.name = "owned"}, [] { throw 9; });
            f.join();
            CHECK_THROWS_AS(hocket::async([] { throw 10; }).get(), int);  // has somebody to tell
        });
        rt.shutdown();
        std::sort(got.begin(), got.end());
        CHECK(got == std::vector<std::string>{":7", "loader:lost", "owned:9", "slow:8"});
        CHECK(lines.size() == 4);
        std::size_t named = 0;
        for (std::string const& l : lines) named += l.find("'loader'") != std::string::npos && l.find("lost") != std::string::npos;
        CHECK(named == 1);
        CHECK(rt.stats().unhandled == 4);
        check_clean(rt);
    });
}

TEST_CASE("options: the logger hears of the start, and one that throws harms nobody") {
    std::string first;
    {
        runtime const rt{{.workers = 3, .blocking_workers = 2, .seed = 1234, .logger = [&first](hocket::log_level l, std::string_view s) {
                              if (first.empty() && l == hocket::log_level::debug) first = s;
                          }}};
    }
    CHECK(first.find("3 workers") != std::string::npos);
    CHECK(first.find("1234") != std::string::npos);
    runtime rt{{.workers = 1, .logger = [](hocket::log_level, std::string_view) { throw 1; }}};
    CHECK(rt.run([] { return 1; }) == 1);
}

TEST_CASE("options: arena_limit is the most that a task's arena may hold") {
    runtime rt{{.workers = 1, .blocking_workers = 1, .arena_limit = 64 * 1024}};
    rt.run([] {
        CHECK_NOTHROW(hocket::this_fiber::arena().allocate(30'000));
        CHECK_THROWS_AS(hocket::this_fiber::arena().allocate(60'000), std::bad_alloc);
        CHECK_NOTHROW(hocket::this_fiber::arena().allocate(1000));
    });
    check_clean(rt);
}

namespace {

// An observer that keeps a number per fiber, as a thread-local would on a thread.
thread_local std::uint64_t here = 0;
std::atomic<int> suspends{0}, resumes{0};

void* keep() {
    suspends.fetch_add(1);
    auto* const kept = reinterpret_cast<void*>(here);
    here = 0;
    return kept;
}
void put_back(void* kept) {
    resumes.fetch_add(1);
    here = reinterpret_cast<std::uint64_t>(kept);
}

__attribute__((noinline)) std::uint64_t number_here() {
    asm volatile("" ::: "memory");
    return here;
}
__attribute__((noinline)) void set_number_here(std::uint64_t n) {
    asm volatile("" ::: "memory");
    here = n;
}

}  // namespace

TEST_CASE("options: the observer is called around every suspension, and what it keeps follows the fiber") {
    for_worker_counts([](unsigned workers) {
        suspends.store(0);
        resumes.store(0);
        std::atomic<int> wrong{0};
        runtime rt{{.workers = workers, .blocking_workers = 2, .observer = {&keep, &put_back}}};
        hocket::mutex m;
        rt.run([&] {
            std::vector<hocket::fiber> all;
            for (std::uint64_t i = 1; i <= 8; ++i)
                all.emplace_back([&, i] {
                    set_number_here(i);
                    for (int k = 0; k < 50; ++k) {
                        hocket::this_fiber::yield();
                        if (number_here() != i) wrong.fetch_add(1);
                        hocket::blocking([] {});
                        if (number_here() != i) wrong.fetch_add(1);
                        std::lock_guard const held(m);
                        hocket::this_fiber::sleep_for(1us);
                        if (number_here() != i) wrong.fetch_add(1);
                    }
                    set_number_here(0);
                });
        });
        rt.shutdown();
        CHECK(wrong.load() == 0);
        CHECK(suspends.load() == resumes.load());
        CHECK(static_cast<std::uint64_t>(suspends.load()) == rt.stats().suspensions);
        CHECK(suspends.load() > 400);
        check_clean(rt);
    });
}
