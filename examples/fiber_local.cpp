// Data of a task's own: a fiber_local goes where its task goes, from worker to worker, and ends with it. A thread_local
// would stay behind with the thread.
#include <hocket/hocket.hpp>

#include <iostream>
#include <string>

struct request {
    std::string user = "nobody";
    int steps = 0;
};
static hocket::fiber_local<request> current;

static void work() {
    for (int i = 0; i < 3; ++i) {
        ++current->steps;
        hocket::this_fiber::yield();
    }
}

static std::string serve(std::string user) {
    current->user = std::move(user);
    work();  // needs no argument to know whom it works for
    return current->user + " took " + std::to_string(current->steps) + " steps";
}

int main() {
    hocket::runtime rt({.workers = 2});
    rt.run([] {
        auto a = hocket::async(serve, "ada");
        auto b = hocket::async(serve, "bob");
        std::cout << a.get() << "\n" << b.get() << "\n";
        std::cout << current->user << " took " << current->steps << " steps\n";  // the first task's own
    });
}
