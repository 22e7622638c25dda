// Blocking workers that have nothing to block on help with ordinary tasks: with one worker and two blocking workers
// three computations run at once. They prove it by meeting: each goes on until it has seen the two others at it, and
// never suspends.
#include <hocket/hocket.hpp>

#include <atomic>
#include <iostream>

static std::atomic<int> computing{0};

static long compute_until_three_do() {
    computing.fetch_add(1);
    long rounds = 0;
    while (computing.load() < 3) ++rounds;
    return rounds;
}

int main() {
    hocket::runtime rt({.workers = 1, .blocking_workers = 2});
    rt.run([] {
        auto first = hocket::async(compute_until_three_do);
        auto second = hocket::async(compute_until_three_do);
        auto third = hocket::async(compute_until_three_do);
        first.get();
        second.get();
        third.get();
        std::cout << "three tasks computed at once\n";
    });
}
