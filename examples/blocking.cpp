// Calls that block their thread go to a pool of their own, which runs only so many at once: four tasks, two at a time.
#include <hocket/hocket.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <thread>

using namespace std::chrono_literals;

static void blocking_child(std::chrono::steady_clock::time_point start, std::string const& said) {
    std::this_thread::sleep_for(200ms);  // blocks the thread; this_fiber::sleep_for would not
    auto const took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
    // One piece, so that two threads do not mix their lines.
    std::cout << std::to_string(took.count()) + " ms: " + said + "\n";
}

int main() {
    hocket::runtime rt({.workers = 2, .blocking_workers = 2});
    rt.run([] {
        auto const start = std::chrono::steady_clock::now();
        for (int i = 1; i <= 4; ++i) hocket::go_blocking(blocking_child, start, "blocking child finishes!");

        // Meanwhile the workers are free for all else.
        hocket::this_fiber::sleep_for(20ms);
        std::cout << "other tasks go on\n";

        // One call of a task can be sent there too; the task is suspended until it returns.
        int const read = hocket::blocking([] {
            std::this_thread::sleep_for(1ms);
            return 512;
        });
        std::cout << std::to_string(read) + " bytes read\n";
    });
}
