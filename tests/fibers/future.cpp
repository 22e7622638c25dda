// async, future, shared_future, promise, packaged_task.
#include <hocket/future.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <hocket/go.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "crowd.hpp"
#include "in_runtimes.hpp"
#include "seed.hpp"

using namespace std::chrono_literals;
using hocket::future_errc;
using hocket::future_error;
using hocket::future_status;

namespace {

// Whether f throws a future_error with that code.
template <class F>
bool throws(future_errc code, F f) {
    try {
        f();
    } catch (future_error const& e) {
        return e.code() == code;
    }
    return false;
}

}  // namespace

FIBER_TEST_CASE("async: values, references, nothing, what only moves", .workers = {1, 2, 4}) {
    CHECK(hocket::async([](int a, int b) { return a * b; }, 6, 7).get() == 42);
    int x = 0;
    hocket::future<int&> r = hocket::async([&x]() -> int& { return x; });
    CHECK(&r.get() == &x);
    CHECK_FALSE(r.valid());
    hocket::future<void> v = hocket::async({.name = "sets x"}, [&x] { x = 5; });
    v.get();
    CHECK(x == 5);
    CHECK(*hocket::async([](std::unique_ptr<int> p) { return p; }, std::make_unique<int>(9)).get() == 9);
    std::vector<hocket::future<int>> many;
    for (int i = 0; i < 200; ++i)
        many.push_back(hocket::async([i] {
            if (i % 3 == 0) hocket::this_fiber::yield();
            return i;
        }));
    for (int i = 0; i < 200; ++i) CHECK(many[static_cast<std::size_t>(i)].get() == i);
}

FIBER_TEST_CASE("async: exceptions travel, through any number of tasks", .workers = {1, 2, 4}) {
    struct special : std::runtime_error {
        int level;
        explicit special(int l) : std::runtime_error("special"), level(l) {}
    };
    struct nested {
        int operator()(int depth) const {
            if (depth == 0) throw special(3);
            if (depth % 2 == 0) hocket::this_fiber::sleep_for(10us);
            return hocket::async(*this, depth - 1).get();
        }
    };
    for (int i = 0; i < 5; ++i) {
        try {
            hocket::async(nested{}, 10).get();
            FAIL_CHECK("it returned");
        } catch (special const& e) {
            CHECK(e.level == 3);
        }
    }
    hocket::future<void> never_asked = hocket::async([] { throw 1; });  // nobody asks: no harm
}

FIBER_TEST_CASE("async: its future waits in its destructor, and when it is assigned to", .workers = {1, 2, 4}) {
    std::atomic<int> done{0};
    {
        auto const f = hocket::async([&done] {
            hocket::this_fiber::sleep_for(2ms);
            done.fetch_add(1);
        });
    }
    CHECK(done.load() == 1);
    auto f = hocket::async([&done] {
        hocket::this_fiber::sleep_for(2ms);
        done.fetch_add(1);
    });
    f = hocket::future<void>();
    CHECK(done.load() == 2);
    CHECK_FALSE(f.valid());
    auto g = hocket::async([&done] { done.fetch_add(1); });
    auto h = std::move(g);
    CHECK_FALSE(g.valid());
    CHECK(h.valid());
    h.wait();
    CHECK(h.valid());
    CHECK(done.load() == 3);
}

// The task, its closure, its locals and its arena are over when its result is there.
FIBER_TEST_CASE("async: when the result is there all that the task owned is gone", .workers = {1, 2, 4}) {
    for (int i = 0; i < 200; ++i) {
        auto token = std::make_shared<int>(1);
        struct holder {
            std::shared_ptr<int> p;
            explicit holder(std::shared_ptr<int> q) : p(std::move(q)) {}
            ~holder() { hocket::this_fiber::yield(); }
        };
        auto f = hocket::async([token] {
            hocket::this_fiber::arena().make<holder>(token);
            return 1;
        });
        f.wait();
        CHECK(token.use_count() == 1);
    }
}

FIBER_TEST_CASE("future: waits with a limit", .workers = {1, 2, 4}) {
    hocket::promise<int> p;
    auto f = p.get_future();
    CHECK(f.wait_for(2ms) == future_status::timeout);
    CHECK(f.wait_until(std::chrono::system_clock::now() - 1s) == future_status::timeout);
    hocket::go([&p] { p.set_value(1); });
    CHECK(f.wait_for(60s) == future_status::ready);
    CHECK(f.wait_for(0s) == future_status::ready);
    CHECK(f.get() == 1);
}

FIBER_TEST_CASE("promise: misuse throws what std's would throw", .workers = {1, 2}) {
    hocket::future<int> empty;
    CHECK(throws(future_errc::no_state, [&] { empty.get(); }));
    CHECK(throws(future_errc::no_state, [&] { empty.wait(); }));
    CHECK(throws(future_errc::no_state, [&] { static_cast<void>(empty.wait_for(1s)); }));
    hocket::promise<int> p;
    auto f = p.get_future();
    CHECK(throws(future_errc::future_already_retrieved, [&] { static_cast<void>(p.get_future()); }));
    p.set_value(1);
    CHECK(throws(future_errc::promise_already_satisfied, [&] { p.set_value(2); }));
    CHECK(throws(future_errc::promise_already_satisfied, [&] { p.set_exception(std::make_exception_ptr(2)); }));
    CHECK(f.get() == 1);
    CHECK(throws(future_errc::no_state, [&] { f.get(); }));
    auto moved = std::move(p);
    CHECK(throws(future_errc::no_state, [&] { p.set_value(3); }));
    CHECK(throws(future_errc::no_state, [&] { static_cast<void>(p.get_future()); }));
    hocket::future<int> broken, replaced;
    {
        hocket::promise<int> lost;
        broken = lost.get_future();
        hocket::promise<int> other;
        replaced = other.get_future();
        other = hocket::promise<int>();
    }
    CHECK(throws(future_errc::broken_promise, [&] { broken.get(); }));
    CHECK(throws(future_errc::broken_promise, [&] { replaced.get(); }));
    int x = 0;
    hocket::promise<int&> refers;
    refers.set_value(x);
    CHECK(&refers.get_future().get() == &x);
    hocket::promise<void> done;
    done.set_exception(std::make_exception_ptr(5));
    CHECK_THROWS_AS(done.get_future().get(), int);
}

FIBER_TEST_CASE("promise: between fibers and plain threads, either way", .workers = {1, 2, 4}) {
    for (int i = 0; i < 60; ++i) {
        hocket::promise<std::string> to_fiber, to_thread;
        auto fiber_gets = to_fiber.get_future();
        auto thread_gets = to_thread.get_future();
        std::string got;
        std::thread t([&, p = std::move(to_fiber)]() mutable {
            if (i % 2 == 0) std::this_thread::sleep_for(50us);
            p.set_value("from a thread");
            got = thread_gets.get();
        });
        CHECK(fiber_gets.get() == "from a thread");
        to_thread.set_value("from a fiber");
        hocket::blocking([&t] { t.join(); });
        CHECK(got == "from a fiber");
    }
}

FIBER_TEST_CASE("packaged_task: a function and the future of its result", .workers = {1, 2, 4}) {
    hocket::packaged_task<int(int)> t([](int a) {
        if (a == 0) throw std::runtime_error("zero");
        return a + 1;
    });
    CHECK(t.valid());
    auto f = t.get_future();
    hocket::go([t = std::move(t)]() mutable { t(4); });
    CHECK(f.get() == 5);
    hocket::packaged_task<int(int)> fails([](int) -> int { throw std::runtime_error("zero"); });
    auto failure = fails.get_future();
    fails(0);
    CHECK_THROWS_AS(failure.get(), std::runtime_error);
    CHECK(throws(future_errc::promise_already_satisfied, [&] { fails(1); }));
    hocket::packaged_task<void()> none;
    CHECK_FALSE(none.valid());
    CHECK(throws(future_errc::no_state, [&] { none(); }));
    CHECK(throws(future_errc::no_state, [&] { static_cast<void>(none.get_future()); }));
    hocket::future<void> broken;
    {
        hocket::packaged_task<void()> dropped([] {});
        broken = dropped.get_future();
    }
    CHECK(throws(future_errc::broken_promise, [&] { broken.get(); }));
}

FIBER_TEST_CASE("packaged_task: what only moves, what runs again, what has been moved away", .workers = {1, 2}) {
    hocket::packaged_task<int()> t([n = std::make_unique<int>(0)] { return ++*n; });
    auto first = t.get_future();
    t();
    CHECK(throws(future_errc::promise_already_satisfied, [&] { t(); }));
    CHECK(first.get() == 1);  // it was called once
    t.reset();
    auto second = t.get_future();
    auto moved = std::move(t);
    CHECK_FALSE(t.valid());
    CHECK(throws(future_errc::no_state, [&] { t(); }));
    CHECK(throws(future_errc::no_state, [&] { t.reset(); }));
    CHECK(throws(future_errc::no_state, [&] { static_cast<void>(t.get_future()); }));
    moved.swap(t);
    CHECK_FALSE(moved.valid());
    t();
    CHECK(second.get() == 2);
    t.reset();
    auto third = t.get_future();
    t.reset();
    CHECK(throws(future_errc::broken_promise, [&] { third.get(); }));
    struct adder {
        long sum = 0;
        long add(int k) { return sum += k; }
    } a;
    hocket::packaged_task<long(adder&, int)> member(&adder::add);
    auto sum = member.get_future();
    member(a, 4);
    CHECK(sum.get() == 4);
}

FIBER_TEST_CASE("promise: swapped and moved", .workers = {1, 2}) {
    hocket::promise<int> a, b;
    auto of_a = a.get_future(), of_b = b.get_future();
    a.swap(b);
    a.set_value(1);
    b.set_value(2);
    CHECK(of_b.get() == 1);
    CHECK(of_a.get() == 2);
    hocket::promise<int> kept;
    auto of_kept = kept.get_future();
    auto& same = kept;
    kept = std::move(same);
    kept.set_value(3);
    CHECK(of_kept.get() == 3);
}

FIBER_TEST_CASE("shared_future: everybody gets the result, which stays where it is", .workers = {1, 2, 4}) {
    hocket::promise<std::string> p;
    hocket::shared_future<std::string> shared = p.get_future().share();
    std::atomic<int> right{0};
    crowd c;
    auto ask = [&right, shared](int) { right += shared.get() == "for all"; };
    c.fibers(5, ask);
    c.threads(2, ask);
    CHECK(shared.wait_for(1ms) == future_status::timeout);
    p.set_value("for all");
    c.join();
    CHECK(right.load() == 7);
    CHECK(shared.wait_for(0s) == future_status::ready);
    CHECK(shared.wait_until(std::chrono::system_clock::now()) == future_status::ready);
    CHECK(&shared.get() == &shared.get());
    static_assert(std::is_same_v<decltype(shared.get()), std::string const&>);
    auto copy = shared;
    CHECK(copy.valid());
    CHECK(&copy.get() == &shared.get());
    auto moved = std::move(copy);
    CHECK_FALSE(copy.valid());
    CHECK(throws(future_errc::no_state, [&] { copy.get(); }));
    CHECK(throws(future_errc::no_state, [&] { copy.wait(); }));
    CHECK_FALSE(hocket::shared_future<int>(hocket::future<int>()).valid());
}

FIBER_TEST_CASE("shared_future: references, nothing, exceptions", .workers = {1, 2, 4}) {
    int x = 0;
    hocket::shared_future<int&> r = hocket::async([&x]() -> int& { return x; });
    CHECK(&r.get() == &x);
    CHECK(&r.get() == &x);
    hocket::shared_future<void> v = hocket::async([&x] { x = 5; });
    v.get();
    v.get();
    CHECK(x == 5);
    auto fails = hocket::async([]() -> int { throw std::runtime_error("for all"); }).share();
    for (int i = 0; i < 2; ++i) CHECK_THROWS_WITH_AS(static_cast<void>(fails.get()), "for all", std::runtime_error);
}

FIBER_TEST_CASE("shared_future: the last copy of one of async() waits for the task", .workers = {1, 2, 4}) {
    std::atomic<bool> done{false};
    {
        auto shared = hocket::async([&done] {
                          hocket::this_fiber::sleep_for(3ms);
                          done.store(true);
                      }).share();
        auto copy = std::make_unique<hocket::shared_future<void>>(shared);
        copy.reset();  // not the last
    }
    CHECK(done.load());
}

FIBER_TEST_CASE("async: a tree of thousands, each waiting for its children", .workers = {1, 2, 4}) {
    struct tree {
        long operator()(int depth) const {
            if (depth == 0) return 1;
            auto left = hocket::async(*this, depth - 1);
            auto right = hocket::async(*this, depth - 1);
            return left.get() + right.get();
        }
    };
    CHECK(hocket::async(tree{}, 11).get() == 2048);
}

TEST_CASE("future::then: one result feeds the next; futures of futures are unwrapped, exceptions travel") {
    in_runtimes([] {
        auto const text = hocket::async([] { return 20; })
                              .then([](hocket::future<int> f) { return f.get() + 1; })
                              .then([](hocket::future<int> f) {
                                  return hocket::async([n = f.get()] {
                                      hocket::this_fiber::yield();
                                      return 2 * n;
                                  });
                              })
                              .then([](hocket::future<int> f) { return std::to_string(f.get()); })
                              .get();
        CHECK(text == "42");

        hocket::promise<int> later;
        std::atomic<int> called{0};
        auto chain = later.get_future().then([&](hocket::future<int> f) {
            called.fetch_add(1);
            return f.get();
        });
        for (int i = 0; i < 20; ++i) hocket::this_fiber::yield();
        CHECK(called.load() == 0);
        later.set_exception(std::make_exception_ptr(std::runtime_error("the first")));
        auto end = chain.then([&](hocket::future<int> f) {
            CHECK_THROWS_WITH_AS(f.get(), "the first", std::runtime_error);
            throw std::logic_error("the second");
        });
        CHECK_FALSE(chain.valid());
        CHECK_THROWS_WITH_AS(end.get(), "the second", std::logic_error);
        CHECK(called.load() == 1);
        CHECK_THROWS_AS(hocket::future<int>().then([](hocket::future<int>) {}), hocket::future_error);
    });
}

TEST_CASE("shared_future::then: leaves it as it is, and may be asked for several times") {
    in_runtimes([] {
        int n = 0;
        hocket::promise<int&> later;
        hocket::shared_future<int&> all = later.get_future();
        auto const same = [](hocket::shared_future<int&> f) -> int& { return f.get(); };
        auto a = all.then(same), b = all.then(same);
        CHECK(all.valid());
        later.set_value(n);
        CHECK(&a.get() == &n);
        CHECK(&b.get() == &n);
        CHECK(&all.get() == &n);
    });
}
