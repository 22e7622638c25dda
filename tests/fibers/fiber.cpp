// hocket::fiber.
#include <hocket/fiber.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <hocket/go.hpp>
#include <hocket/semaphore.hpp>
#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

FIBER_TEST_CASE("fiber: runs its function with its arguments, and can be joined", .workers = {1, 2, 4}) {
    int sum = 0;
    hocket::fiber f([&sum](int a, std::unique_ptr<int> b) { sum = a + *b; }, 3, std::make_unique<int>(4));
    CHECK(f.joinable());
    CHECK(f.get_id() != hocket::fiber_id());
    f.join();
    CHECK(sum == 7);
    CHECK_FALSE(f.joinable());
    CHECK(f.get_id() == hocket::fiber_id());
    struct counter {
        int n = 0;
        void add(int k) { n += k; }
    } c;
    hocket::fiber(&counter::add, &c, 5).join();
    CHECK(c.n == 5);
}

FIBER_TEST_CASE("fiber: its id is its own, inside and outside", .workers = {1, 2, 4}) {
    std::set<hocket::fiber_id> ids{hocket::this_fiber::get_id()};
    std::vector<hocket::fiber> all;
    std::atomic<int> wrong{0};
    std::vector<hocket::fiber_id> inside(50);
    for (std::size_t i = 0; i < 50; ++i)
        all.emplace_back([&, i] {
            inside[i] = hocket::this_fiber::get_id();
            hocket::this_fiber::yield();
            if (hocket::this_fiber::get_id() != inside[i]) wrong.fetch_add(1);
        });
    std::vector<hocket::fiber_id> outside;
    for (hocket::fiber& f : all) outside.push_back(f.get_id());
    for (hocket::fiber& f : all) f.join();
    for (std::size_t i = 0; i < 50; ++i) {
        CHECK(inside[i] == outside[i]);
        CHECK(ids.insert(outside[i]).second);
    }
    CHECK(wrong.load() == 0);
}

FIBER_TEST_CASE("fiber: destruction asks it to stop, and waits", .workers = {1, 2, 4}) {
    std::atomic<bool> ended{false}, asked_inside{false};
    {
        hocket::binary_semaphore begun(0);
        hocket::fiber const f(
            [&](std::stop_token token, int n) {
                begun.release();
                while (!token.stop_requested()) hocket::this_fiber::sleep_for(100us);
                asked_inside.store(hocket::this_fiber::get_stop_token().stop_requested());
                ended.store(n == 3);
            },
            3);
        begun.acquire();
        CHECK_FALSE(f.get_stop_token().stop_requested());
    }
    CHECK(ended.load());
    CHECK(asked_inside.load());
}

FIBER_TEST_CASE("fiber: request_stop reaches callbacks; what was detached keeps its token", .workers = {1, 2, 4}) {
    std::atomic<int> called{0};
    hocket::binary_semaphore over(0), begun(0);
    hocket::fiber f([&](std::stop_token token) {
        std::stop_callback const callback(token, [&called] { called.fetch_add(1); });
        begun.release();
        while (called.load() == 0) hocket::this_fiber::yield();
        over.release();
    });
    begun.acquire();
    auto source = f.get_stop_source();
    f.detach();
    CHECK_FALSE(f.joinable());
    CHECK_FALSE(f.request_stop());
    CHECK(source.request_stop());
    over.acquire();
    CHECK(called.load() == 1);
}

FIBER_TEST_CASE("fiber: misuse throws what std::jthread's would throw", .workers = {1, 2, 4}) {
    auto code_of = [](auto f) {
        try {
            f();
        } catch (std::system_error const& e) {
            return e.code();
        }
        return std::error_code();
    };
    hocket::fiber none;
    CHECK(code_of([&] { none.join(); }) == std::errc::invalid_argument);
    CHECK(code_of([&] { none.detach(); }) == std::errc::invalid_argument);
    CHECK_FALSE(none.request_stop());
    CHECK_FALSE(none.get_stop_token().stop_possible());
    std::error_code deadlock;
    hocket::fiber self;
    hocket::binary_semaphore assigned(0);
    self = hocket::fiber([&] {
        assigned.acquire();
        deadlock = code_of([&] { self.join(); });
    });
    assigned.release();
    self.join();
    CHECK(deadlock == std::errc::resource_deadlock_would_occur);
}

FIBER_TEST_CASE("fiber: moves; assignment stops and joins what was there", .workers = {1, 2, 4}) {
    std::atomic<int> ended{0};
    auto waits = [&ended](std::stop_token token) {
        while (!token.stop_requested()) hocket::this_fiber::yield();
        ended.fetch_add(1);
    };
    hocket::fiber a(waits), b(waits);
    auto const a_id = a.get_id(), b_id = b.get_id();
    a.swap(b);
    CHECK(a.get_id() == b_id);
    CHECK(b.get_id() == a_id);
    a = std::move(b);
    CHECK(ended.load() == 1);
    CHECK(a.get_id() == a_id);
    CHECK_FALSE(b.joinable());
    a.request_stop();
    a.join();
    CHECK(ended.load() == 2);
}

FIBER_TEST_CASE("fiber: joined by a plain thread", .workers = {1, 2, 4}) {
    for (int i = 0; i < 50; ++i) {
        bool done = false;
        hocket::fiber f([&done, i] {
            if (i % 2 == 0) hocket::this_fiber::yield();
            done = true;
        });
        bool seen = false;
        std::thread t([&] {
            f.join();
            seen = done;
        });
        hocket::blocking([&t] { t.join(); });
        CHECK(seen);
    }
}

FIBER_TEST_CASE("fiber: a stop token of a task without its own is the runtime's", .workers = {1}) {
    std::stop_token const mine = hocket::this_fiber::get_stop_token();
    CHECK(mine.stop_possible());
    CHECK_FALSE(mine.stop_requested());
    std::stop_token outside;
    std::thread([&outside] { outside = hocket::this_fiber::get_stop_token(); }).join();
    CHECK_FALSE(outside.stop_possible());
}
