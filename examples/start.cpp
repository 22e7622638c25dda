// Starting a runtime. Its options are an aggregate with defaults: no workers named means one for each core.
#include <hocket/hocket.hpp>

#include <iostream>

static void core() { std::cout << "test\n"; }

int main() {
    hocket::runtime rt;
    rt.run(core);  // the first task; the calling thread is a worker until it has ended

    // A task may return something, and throw.
    hocket::runtime small({.workers = 1, .blocking_workers = 1});
    std::cout << "the answer is " << small.run([](int a, int b) { return a * b; }, 6, 7) << "\n";
}
