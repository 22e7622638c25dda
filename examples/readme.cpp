// The example of README.md: tasks, a result, a channel, and memory that costs nothing to give back.
#include <hocket/hocket.hpp>

#include <iostream>
#include <string>

int main() {
    hocket::channel<std::string> words(4);
    hocket::runtime rt;
    rt.run([&] {
        hocket::go([&] {
            for (char const* w : {"one", "melody", "shared", "between", "voices"})
                if (!words.send(w)) return;
            words.close();
        });
        hocket::future<std::size_t> length = hocket::async([&] {
            std::pmr::string line(&hocket::this_fiber::arena());  // gone, all at once, when this task ends
            for (std::string& w : words) line += (line.empty() ? "" : " ") + w;
            std::cout << line << "\n";
            return line.size();
        });
        std::cout << length.get() << " letters and spaces\n";
    });
}
