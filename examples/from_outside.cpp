// Tasks from threads that belong to no runtime: any thread that knows the runtime may hand it some. What comes before
// the start is kept, and run then.
#include <hocket/hocket.hpp>

#include <iostream>
#include <string>
#include <thread>

int main() {
    hocket::channel<std::string> news(hocket::unbounded);
    // Destroyed first: it waits for the tasks that use the channel.
    hocket::runtime rt({.workers = 2, .blocking_workers = 1});
    auto tell = [&news](std::string const& what) {
        if (!news.send(what)) std::cout << "too late\n";
    };

    rt.go(tell, "before the start");
    rt.go_blocking(tell, "before the start, for a blocking worker");

    rt.run([&] {
        std::thread stranger([&] {
            rt.go(tell, "from a stranger");
            rt.go_blocking(tell, "from a stranger, for a blocking worker");
            tell("without a task");  // channels work from plain threads too
        });
        for (int i = 0; i < 5; ++i) {
            std::string const line = *news.recv() + "\n";
            std::cout << line;
        }
        hocket::blocking([&] { stranger.join(); });
    });
}
