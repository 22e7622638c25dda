// Arguments are typed, and moved or copied into the task: they live as long as it does, and nothing is cast.
#include <hocket/hocket.hpp>

#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

static void child(std::string const& data) { std::cout << data + "\n"; }

int main() {
    hocket::runtime rt({.workers = 1});
    rt.run([] {
        std::string data = "pass data into children~";
        hocket::go(child, data);             // copied
        hocket::go(child, std::move(data));  // moved

        // What can only be moved is moved, into the task and out again.
        auto doubled = hocket::async(
            [](std::unique_ptr<int> n) {
                *n *= 2;
                return n;
            },
            std::make_unique<int>(21));
        std::cout << std::to_string(*doubled.get()) + "\n";

        // An exception travels to whoever asks for the result.
        auto failed = hocket::async(
            [](int divisor) {
                if (divisor == 0) throw std::domain_error("cannot divide by zero");
                return 1 / divisor;
            },
            0);
        try {
            failed.get();
        } catch (std::domain_error const& e) {
            std::cout << "caught: " + std::string(e.what()) + "\n";
        }
    });
}
