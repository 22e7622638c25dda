// Fibers and plain threads that do something together.
#pragma once

#include <cstddef>
#include <hocket/fiber.hpp>
#include <hocket/future.hpp>
#include <hocket/go.hpp>
#include <thread>
#include <utility>
#include <vector>

class crowd {
public:
    crowd() = default;
    crowd(crowd const&) = delete;
    crowd& operator=(crowd const&) = delete;
    ~crowd() { join(); }

    // n fibers, each calling f(who), who counting from 0 over all of the crowd. [fiber]
    template <class F>
    void fibers(int n, F f) {
        for (int i = 0; i < n; ++i) fibers_.emplace_back([f, who = members_++] { f(who); });
    }

    // The same on plain threads.
    template <class F>
    void threads(int n, F f) {
        for (int i = 0; i < n; ++i) threads_.emplace_back([f, who = members_++] { f(who); });
    }

    // Waits for all. The calling fiber blocks no worker while it does. [fiber]
    void join() {
        for (hocket::fiber& f : fibers_)
            if (f.joinable()) f.join();
        fibers_.clear();
        if (!threads_.empty())
            hocket::blocking([this] {
                for (std::thread& t : threads_) t.join();
            });
        threads_.clear();
    }

private:
    std::vector<hocket::fiber> fibers_;
    std::vector<std::thread> threads_;
    int members_ = 0;
};

// The future of f(), called on a plain thread.
template <class F>
auto thread_async(F f) {
    hocket::packaged_task<std::invoke_result_t<F&>()> task(std::move(f));
    auto result = task.get_future();
    std::thread(std::move(task)).detach();
    return result;
}

// What f() returns on a plain thread. The calling fiber is suspended meanwhile.
template <class F>
auto on_a_thread(F f) {
    return thread_async(std::move(f)).get();
}
