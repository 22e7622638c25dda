// A runtime in static storage: used before main() and drained after it.
#include <hocket/fiber.hpp>
#include <hocket/future.hpp>
#include <hocket/go.hpp>
#include <hocket/runtime.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <unistd.h>

namespace {

std::atomic<int> ran{0};
constexpr int expected = 1 + 10 + 10 + 1;

// Declared first, so destroyed after the runtime.
struct verdict {
    ~verdict() {
        if (ran.load() == expected) return;
        std::fprintf(stderr, "%d tasks ran, not %d\n", ran.load(), expected);
        std::fflush(stderr);
        _exit(1);
    }
} const at_the_end;

hocket::runtime the_runtime{{.workers = 2, .blocking_workers = 1}};

// Before main().
struct submits_early {
    submits_early() {
        the_runtime.go([] { ran.fetch_add(1); });
    }
} const early;

}  // namespace

int main() {
    int const sum = the_runtime.run([] {
        int total = 0;
        for (int i = 0; i < 10; ++i)
            total += hocket::async([i] {
                ran.fetch_add(1);
                return i;
            }).get();
        return total;
    });
    if (sum != 45) return 2;
    for (int i = 0; i < 10; ++i)
        the_runtime.go([] {
            hocket::this_fiber::sleep_for(std::chrono::milliseconds(5));
            ran.fetch_add(1);
        });
    the_runtime.go({.worker = 0}, [] { ran.fetch_add(1); });
    return 0;
}
