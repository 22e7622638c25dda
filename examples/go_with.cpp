// Data for a child, built in the child's own arena before it starts: no heap, and gone with the child.
#include <hocket/hocket.hpp>

#include <iostream>
#include <string>

struct job {
    job(std::string n, int r) : name(std::move(n)), rounds(r) {}
    ~job() { std::cout << name << " is gone\n"; }
    std::string name;
    int rounds;
};

int main() {
    hocket::runtime rt({.workers = 1});
    rt.run([] {
        hocket::go_with<job>(
            [](job& j) {
                for (int i = 1; i <= j.rounds; ++i) {
                    std::cout << j.name << " " << i << "\n";
                    hocket::this_fiber::yield();
                }
            },
            "polishing", 3);
    });
}
