// Running a task from inside a runtime, and what happens outside of one.
#include <hocket/hocket.hpp>

#include <iostream>

static void child() { std::cout << "hello from child!\n"; }

int main() {
    try {
        hocket::go(child);
    } catch (hocket::no_runtime const& e) {
        std::cout << "outside of a runtime there is nowhere to run it\n";
    }

    hocket::runtime rt;
    rt.run([] { hocket::go(child); });
    // The runtime's destructor waits for tasks that are still there.
}
