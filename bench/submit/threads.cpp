// submit with a std::thread that waits at a std::condition_variable for a queue to fill.
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <semaphore>
#include <thread>

#include "side.hpp"

namespace hocket::bench {
namespace {

class pool_of_one {
public:
    pool_of_one() : thread_([this] { loop(); }) {}
    ~pool_of_one() {
        go({});
        thread_.join();
    }
    void go(std::function<void()> f) {
        {
            std::lock_guard const lock(guard_);
            queue_.push_back(std::move(f));
        }
        filled_.notify_one();
    }

private:
    void loop() {
        for (;;) {
            std::unique_lock lock(guard_);
            filled_.wait(lock, [this] { return !queue_.empty(); });
            auto const f = std::move(queue_.front());
            queue_.pop_front();
            lock.unlock();
            if (!f) return;
            f();
        }
    }

    std::mutex guard_;
    std::condition_variable filled_;
    std::deque<std::function<void()>> queue_;
    std::thread thread_;
};

sample submit(parameters const& p) {
    sample s;
    std::binary_semaphore here(0);
    std::int64_t started = 0;
    pool_of_one pool;
    meter const m;
    for (std::uint64_t i = 0; i < p["count"]; ++i) {
        std::this_thread::sleep_for(std::chrono::microseconds(p["pause_us"] + i * 7 % 40));
        std::int64_t const start = now_ns();
        pool.go([&] {
            started = now_ns();
            ++s.checksum;
            here.release();
        });
        here.acquire();
        s.latencies_ns.push_back(static_cast<double>(started - start));
    }
    m.stop(s);
    s.count = p["count"];
    return s;
}

bench_case const submit_case("submit", submit);

}  // namespace
}  // namespace hocket::bench
