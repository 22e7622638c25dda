// Scopes and forks when there is no memory. Each case in a forked child of a process without other threads.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <hocket/fiber_local.hpp>
#include <hocket/hocket.hpp>
#include <hocket/parallel_invoke.hpp>
#include <hocket/scope.hpp>
#include <new>

#include "child.hpp"

using hocket::parallel_invoke;
using hocket::runtime;
using hocket::scope;
using namespace hocket::literals;

// While it is set there is no memory for the program, nor for the library.
static std::atomic<bool> exhausted{false};

#ifndef HOCKET_TSAN  // whose own operator new cannot be replaced
static constexpr bool can_be_exhausted = true;

static void* try_to_allocate(std::size_t bytes, std::align_val_t align = std::align_val_t(16)) noexcept {
    void* place = nullptr;
    std::size_t const at_least = std::max<std::size_t>(static_cast<std::size_t>(align), 16);  // posix_memalign's: 8
    if (exhausted.load() || posix_memalign(&place, at_least, bytes) != 0) return nullptr;
    return place;
}
static void* allocate(std::size_t bytes, std::align_val_t align = std::align_val_t(16)) {
    if (void* const place = try_to_allocate(bytes, align)) return place;
    throw std::bad_alloc();
}
void* operator new(std::size_t n) { return allocate(n); }
void* operator new[](std::size_t n) { return allocate(n); }
void* operator new(std::size_t n, std::align_val_t a) { return allocate(n, a); }
void* operator new[](std::size_t n, std::align_val_t a) { return allocate(n, a); }
void* operator new(std::size_t n, std::nothrow_t const&) noexcept { return try_to_allocate(n); }
void* operator new[](std::size_t n, std::nothrow_t const&) noexcept { return try_to_allocate(n); }
void operator delete(void* p) noexcept { free(p); }
void operator delete[](void* p) noexcept { free(p); }
void operator delete(void* p, std::size_t) noexcept { free(p); }
void operator delete[](void* p, std::size_t) noexcept { free(p); }
void operator delete(void* p, std::align_val_t) noexcept { free(p); }
void operator delete[](void* p, std::align_val_t) noexcept { free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { free(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { free(p); }
#else
static constexpr bool can_be_exhausted = false;
#endif

namespace {

hocket::runtime_options small(unsigned workers) { return {.workers = workers, .blocking_workers = 1}; }

// For a scope.
struct exhaustion {
    exhaustion() { exhausted.store(true); }
    exhaustion(exhaustion const&) = delete;
    exhaustion& operator=(exhaustion const&) = delete;
    ~exhaustion() { exhausted.store(false); }
};

template <class F>
void survives(F&& body) {
    child_end const end = in_child(std::forward<F>(body));
    INFO("the child said: " << end.text);
    CHECK(end.signal == 0);
    CHECK(end.code == 0);
}

// Calls body() in the first task of a runtime in which no task can be made any more: the records are used up by tasks
// that wait until it has returned. prepare() is called there before.
template <class Prepare, class F>
void without_records(unsigned workers, Prepare prepare, F body) {
    runtime rt(small(workers));
    rt.run([&] {
        prepare();
        std::atomic<int> ran{0};
        int spawned = 0;
        bool refused = false;
        scope s;
        limit_address_space(0);
        try {
            for (; spawned < 4'000'000; ++spawned) s.spawn({.worker = 0}, [&ran] { ran.fetch_add(1); });
        } catch (std::bad_alloc const&) {
            refused = true;
        }
        require_in_child(refused, "records never run out");
        body();
        s.join();
        require_in_child(ran.load() == spawned, "what was spawned did not run once each");
    });
}

}  // namespace

TEST_CASE("no memory: a scope refuses a large closure, and is none the worse") {
    if (!can_be_exhausted) return;
    survives([] {
        runtime rt(small(2));
        rt.run([] {
            static int live = 0;
            struct counted {
                counted() { ++live; }
                counted(counted const&) { ++live; }
                ~counted() { --live; }
            };
            int ran = 0;
            scope s;
            {
                std::array<char, 1000> const large{};
                auto f = [&ran, large, c = counted()] { ran += large[3] + 1; };
                for (int i = 0; i < 10; ++i) {
                    bool refused = false;
                    {
                        exhaustion const none;
                        try {
                            s.spawn(f);
                        } catch (std::bad_alloc const&) {
                            refused = true;
                        }
                    }
                    require_in_child(refused, "a closure of a thousand bytes needs memory");
                }
                require_in_child(live == 1, "copies were left behind");
                s.join();
                s.spawn(f);
                s.join();
            }
            require_in_child(ran == 1 && live == 0, "the scope is as it was");
        });
    });
}

TEST_CASE("no memory: a scope without memory for its stop token") {
    if (!can_be_exhausted) return;
    survives([] {
        runtime rt(small(1));
        rt.run([] {
            scope s;
            bool refused = false;
            {
                exhaustion const none;
                try {
                    static_cast<void>(s.get_stop_token());
                } catch (std::bad_alloc const&) {
                    refused = true;
                }
                require_in_child(s.request_stop(), "asking needs none");
            }
            require_in_child(refused, "a token needs memory");
            require_in_child(s.get_stop_token().stop_requested(), "the scope has been asked");
        });
    });
}

// Records come out of slabs, which are mapped.
TEST_CASE("no memory: a scope refuses when there is no record, and joins those that there are") {
    if (sanitized()) return;  // their run-times need address space of their own
    survives([] { without_records(1, [] {}, [] {}); });
    survives([] { without_records(2, [] {}, [] {}); });
}

// The job deque begins with room for 256 and cannot grow: what does not fit gets tasks of its own.
TEST_CASE("no memory: forks nested deeper than the job deque can hold") {
    if (!can_be_exhausted) return;
    struct recursion {
        static int down(int depth) {
            if (depth == 0) return 1;
            int left = 0, right = 0;
            parallel_invoke([&] { left = down(depth - 1); }, [&] { ++right; });
            require_in_child(right == 1, "each job is called once");
            return left + right;
        }
    };
    for (unsigned const workers : {1u, 2u})
        survives([workers] {
            runtime rt({.workers = workers, .blocking_workers = 1, .stack_size = 1_MiB});
            rt.run([] {
                exhaustion const none;
                require_in_child(recursion::down(700) == 701, "each level counts");
            });
        });
}

TEST_CASE("no memory: forks when no task can be made, with and without suspension") {
    if (sanitized()) return;
    static hocket::fiber_local<int> number;
    struct recursion {
        static int down(int depth) {
            std::array<char volatile, 1200> wide;
            wide[0] = 1;
            if (depth == 0) return wide[0];
            int left = 0, right = 0;
            parallel_invoke([&] { left = down(depth - 1); }, [&] { right = wide[0]; });
            return left + right;
        }
    };
    for (unsigned const workers : {1u, 2u})
        survives([workers] {
            without_records(workers, [] { *number = 7; }, [] {
                int first = 0, second = 0, third = 0;
                parallel_invoke([&] { ++first; }, [&] { ++second; }, [&] { ++third; });
                require_in_child(first == 1 && second == 1 && third == 1, "each is called once");
                // Suspended: its jobs cannot become tasks, and are called when they are joined.
                parallel_invoke([&] { hocket::this_fiber::yield(), ++first; }, [&] { ++second; },
                                [&] {
                                    require_in_child(std::current_exception() == nullptr, "a job handles nothing");
                                    ++third;
                                });
                require_in_child(first == 2 && second == 2 && third == 2, "each is called once");
                try {
                    throw 1;
                } catch (int) {
                    bool thrown = false;
                    try {
                        parallel_invoke([] { hocket::this_fiber::yield(); }, [] { throw 2.0; });
                    } catch (double) {
                        thrown = true;
                    }
                    require_in_child(thrown, "what a job throws arrives");
                }
                require_in_child(*number == 7, "the forker's locals are its own");
                // An identity of its own needs a record: the sentence is std::bad_alloc, not another's locals.
                bool refused = false;
                parallel_invoke([] {},
                                [&] {
                                    try {
                                        refused = number.get() != 7;
                                    } catch (std::bad_alloc const&) {
                                        refused = true;
                                    }
                                });
                require_in_child(refused, "a job does not see its forker's locals");
                require_in_child(recursion::down(20) == 21, "each level counts");
            });
        });
}
