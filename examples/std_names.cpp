// A program that knows std's names only: threads, mutexes, condition variables, futures, latches, barriers, semaphores.
// With -DON_THREADS they are std's; otherwise they are hocket's, and the same program runs on fibers.
#ifdef ON_THREADS
#include <barrier>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <stop_token>
#include <thread>
namespace stdx = std;
#else
#include <hocket/std.hpp>
namespace stdx = hocket;
#endif

#include <chrono>
#include <iostream>
#include <map>
#include <numeric>
#include <optional>
#include <queue>
#include <string>
#include <vector>

using namespace std::chrono_literals;

// A queue between threads, given up when a stop is asked for.
template <class T>
class shared_queue {
public:
    void push(T value) {
        {
            stdx::lock_guard const held(guard_);
            values_.push(std::move(value));
        }
        not_empty_.notify_one();
    }
    std::optional<T> pop(stdx::stop_token stop) {
        stdx::unique_lock held(guard_);
        if (!not_empty_.wait(held, stop, [this] { return !values_.empty(); })) return std::nullopt;
        T value = std::move(values_.front());
        values_.pop();
        return value;
    }

private:
    stdx::mutex guard_;
    stdx::condition_variable_any not_empty_;
    std::queue<T> values_;
};

// Workers that are asked to stop when their work is done.
static int sum_of_squares(int n) {
    shared_queue<int> work;
    stdx::latch done(n);
    stdx::mutex guard;
    int sum = 0;
    std::vector<stdx::jthread> workers;
    for (int i = 0; i < 3; ++i)
        workers.emplace_back([&](stdx::stop_token stop) {
            while (auto const value = work.pop(stop)) {
                {
                    stdx::lock_guard const held(guard);
                    sum += *value * *value;
                }
                done.count_down();
            }
        });
    for (int i = 1; i <= n; ++i) work.push(i);
    done.wait();
    for (stdx::jthread& w : workers) w.request_stop();
    workers.clear();  // joins
    return sum;
}

// Everybody adds what is left and right of him, step by step, all at once.
static std::string smoothed(std::vector<int> row) {
    std::vector<int> next = row;
    int const n = static_cast<int>(row.size());
    auto const swap_rows = [&]() noexcept { row.swap(next); };
    stdx::barrier step(n, swap_rows);
    std::vector<stdx::jthread> cells;
    for (int i = 0; i < n; ++i)
        cells.emplace_back([&, i] {
            for (int s = 0; s < 3; ++s) {
                auto const at = [&](int k) { return k < 0 || k >= n ? 0 : row[static_cast<std::size_t>(k)]; };
                next[static_cast<std::size_t>(i)] = at(i - 1) + at(i) + at(i + 1);
                step.arrive_and_wait();
            }
        });
    cells.clear();
    std::string text;
    for (int const value : row) text += std::to_string(value) + ' ';
    return text;
}

// At most two at a time.
static int most_inside() {
    stdx::counting_semaphore<2> permits(2);
    stdx::mutex guard;
    int inside = 0, most = 0;
    {
        std::vector<stdx::jthread> visitors;
        for (int i = 0; i < 6; ++i)
            visitors.emplace_back([&] {
                permits.acquire();
                {
                    stdx::lock_guard const held(guard);
                    most = std::max(most, ++inside);
                }
                stdx::this_thread::sleep_for(1ms);
                {
                    stdx::lock_guard const held(guard);
                    --inside;
                }
                permits.release();
            });
    }
    return most;
}

// A table that many read and few write, filled once.
static int readers_of_a_table() {
    stdx::shared_mutex guard;
    stdx::once_flag filled;
    std::map<int, int> table;
    std::vector<stdx::future<int>> readers;
    for (int i = 0; i < 8; ++i)
        readers.push_back(stdx::async([&, i] {
            stdx::call_once(filled, [&] {
                stdx::unique_lock const held(guard);
                for (int k = 0; k < 8; ++k) table[k] = k + 1;
            });
            stdx::shared_lock const held(guard);
            return table.at(i);
        }));
    int sum = 0;
    for (auto& r : readers) sum += r.get();
    return sum;
}

static std::string promised() {
    stdx::promise<std::string> kept, broken;
    auto word = kept.get_future(), silence = broken.get_future();
    stdx::packaged_task<int(int)> twice([](int n) { return 2 * n; });
    auto number = twice.get_future();
    stdx::thread worker([&] {
        twice(21);
        kept.set_value("a promise kept");
        broken.set_exception(std::make_exception_ptr(std::runtime_error("one broken")));
    });
    std::string said = word.get() + ", " + std::to_string(number.get());
    try {
        silence.get();
    } catch (std::runtime_error const& e) {
        said += std::string(", ") + e.what();
    }
    worker.join();
    return said;
}

// Two mutexes at once, with a limit, and again by their owner.
static int locked() {
    stdx::timed_mutex a;
    stdx::recursive_mutex b;
    int count = 0;
    auto const add = [&] {
        stdx::scoped_lock const both(a, b);
        stdx::lock_guard const again(b);
        ++count;
    };
    {
        stdx::jthread const other([&] { for (int i = 0; i < 100; ++i) add(); });
        for (int i = 0; i < 100; ++i) add();
    }
    stdx::unique_lock held(a, stdx::defer_lock);
    if (!held.try_lock_for(10s)) return -1;
    stdx::jthread([&] { count += a.try_lock_for(1ms) ? 1000 : 1; }).join();
    return count;
}

static void program() {
    std::cout << "sum of squares: " << sum_of_squares(100) << "\n";
    std::cout << "smoothed: " << smoothed({0, 0, 0, 1, 0, 0, 0}) << "\n";
    std::cout << "most inside: " << most_inside() << "\n";
    std::cout << "read: " << readers_of_a_table() << "\n";
    std::cout << "promised: " << promised() << "\n";
    std::cout << "locked: " << locked() << "\n";
}

int main() {
#ifdef ON_THREADS
    program();
#else
    hocket::runtime rt;
    rt.run(program);
#endif
}
