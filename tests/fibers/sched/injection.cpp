// The injection queue.
#include "fibers/sched/injection.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

using namespace hocket::detail;

TEST_CASE("injection: first in, first out, one by one or several at once") {
    std::vector<task> tasks(10);
    injection q;
    CHECK(q.pop() == nullptr);
    CHECK(q.pop(5).empty());
    for (task& t : tasks) q.push(&t);
    CHECK(q.size() == 10);
    CHECK(q.pop() == &tasks[0]);
    task_list some = q.pop(4);
    CHECK(q.size() == 5);
    for (std::size_t i = 1; i < 5; ++i) CHECK(some.pop() == &tasks[i]);
    CHECK(some.pop() == nullptr);
    some = q.pop(100);
    for (std::size_t i = 5; i < 10; ++i) CHECK(some.pop() == &tasks[i]);
    CHECK(some.empty());
    CHECK(q.size() == 0);
    CHECK(q.pop() == nullptr);
}

TEST_CASE("injection: those that have a stack can be had before the others, which stay in order") {
    std::vector<task> tasks(6);
    stack some_stack;
    injection q;
    CHECK(q.pop_begun() == nullptr);
    q.push(&tasks[0]);
    CHECK(q.pop_begun() == nullptr);
    CHECK(q.size() == 1);
    for (std::size_t const begun : {1, 4, 5}) tasks[begun].own = &some_stack;
    for (std::size_t i = 1; i < 6; ++i) q.push(&tasks[i]);
    for (std::size_t const begun : {1, 4, 5}) CHECK(q.pop_begun() == &tasks[begun]);
    CHECK(q.pop_begun() == nullptr);
    CHECK(q.size() == 3);
    q.push(&tasks[1]);  // the last of them was taken out: the list has an end still
    for (std::size_t const left : {0, 2, 3, 1}) CHECK(q.pop() == &tasks[left]);
    CHECK(q.size() == 0);
    q.push(&tasks[4]);
    CHECK(q.pop_begun() == &tasks[4]);
    q.push(&tasks[5]);
    CHECK(q.pop() == &tasks[5]);
}

TEST_CASE("injection: what several put in, several take out, each once") {
    constexpr std::size_t each = 10'000;
    std::vector<std::vector<task>> tasks(2);
    for (auto& v : tasks) v = std::vector<task>(each);
    injection q;
    std::atomic<std::size_t> out{0};
    std::vector<std::thread> threads;
    for (auto& mine : tasks)
        threads.emplace_back([&] {
            for (task& t : mine) q.push(&t);
        });
    for (int r = 0; r < 2; ++r)
        threads.emplace_back([&, r] {
            while (out.load() < 2 * each) {
                task_list got = r == 0 ? q.pop(16) : task_list{};
                if (r == 1)
                    if (task* const t = q.pop()) got.push(t);
                std::size_t n = 0;
                while (task* const t = got.pop()) {
                    t->id = t->id + 1;
                    ++n;
                }
                if (n == 0) std::this_thread::yield();
                out.fetch_add(n);
            }
        });
    for (std::thread& t : threads) t.join();
    std::size_t wrong = 0;
    for (auto const& v : tasks)
        for (task const& t : v) wrong += t.id != 1 ? 1 : 0;
    CHECK(wrong == 0);
    CHECK(q.size() == 0);
}
