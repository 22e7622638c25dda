// hocket::scope: what its header promises.
#include <hocket/scope.hpp>
#include <hocket/testing.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <hocket/event.hpp>
#include <hocket/fiber.hpp>
#include <hocket/fiber_local.hpp>
#include <hocket/future.hpp>
#include <hocket/go.hpp>
#include <hocket/semaphore.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "in_runtimes.hpp"
#include "seed.hpp"

using namespace std::chrono_literals;
using namespace hocket::literals;
using hocket::scope;

namespace {

// How many of them there are.
struct counted {
    static inline std::atomic<int> live{0};
    counted() { live.fetch_add(1); }
    counted(counted const&) { live.fetch_add(1); }
    counted(counted&&) noexcept { live.fetch_add(1); }
    ~counted() { live.fetch_sub(1); }
};

// A copy of it cannot be made.
struct uncopyable_at_last : counted {
    uncopyable_at_last() = default;
    uncopyable_at_last(uncopyable_at_last const& other) : counted(other) { throw std::runtime_error("no copy"); }
    void operator()() const {}
};

std::string what_join_throws(scope& s) {
    try {
        s.join();
    } catch (std::exception const& e) {
        return e.what();
    }
    return "";
}

}  // namespace

TEST_CASE("scope: join() waits for all, and shows what they wrote") {
    in_runtimes([] {
        std::vector<int> did(1000);
        scope s;
        for (int& d : did) s.spawn([&d] { ++d; });
        s.join();
        for (int const d : did) REQUIRE(d == 1);
        s.join();
        for (int& d : did)
            s.spawn([&d] {
                hocket::this_fiber::yield();
                ++d;
            });
        s.join();
        for (int const d : did) REQUIRE(d == 2);
    });
}

TEST_CASE("scope: a hundred thousand tasks, from the owner and from tasks of the scope") {
    in_runtimes([] {
        std::atomic<int> ran{0};
        scope s;
        for (int i = 0; i < 50'000; ++i) s.spawn([&ran] { ran.fetch_add(1, std::memory_order_relaxed); });
        for (int i = 0; i < 50; ++i)
            s.spawn([&] {
                for (int k = 0; k < 1000; ++k) s.spawn([&ran] { ran.fetch_add(1, std::memory_order_relaxed); });
            });
        s.join();
        CHECK(ran.load() == 100'000);
    });
}

TEST_CASE("scope: a tree of tasks spawns into one scope, some suspended in between") {
    in_runtimes([] {
        struct node {
            scope& s;
            std::atomic<int>& ran;
            int depth;
            void operator()() const {
                if (depth % 3 == 0) hocket::this_fiber::yield();
                ran.fetch_add(1);
                if (depth == 0) return;
                s.spawn(node{s, ran, depth - 1});
                if (depth % 4 == 1) hocket::this_fiber::sleep_for(10us);
                s.spawn(node{s, ran, depth - 1});
            }
        };
        std::atomic<int> ran{0};
        scope s;
        s.spawn(node{s, ran, 9});
        hocket::this_fiber::yield();
        s.spawn(node{s, ran, 9});
        s.join();
        CHECK(ran.load() == 2 * 1023);
    });
}

TEST_CASE("scope: tasks that another worker has taken spawn into it, and its owner moves meanwhile") {
    in_runtimes([] {
        for (int round = 0; round < 50; ++round) {
            std::atomic<int> ran{0};
            scope s;
            for (int i = 0; i < 10; ++i)
                s.spawn([&] {
                    hocket::blocking([] {});
                    s.spawn([&] { ran.fetch_add(1); });
                    hocket::this_fiber::yield();
                    s.spawn([&] { ran.fetch_add(1); });
                });
            hocket::blocking([] {});
            s.spawn([&] { ran.fetch_add(1); });
            hocket::this_fiber::yield();
            s.join();
            REQUIRE(ran.load() == 21);
        }
    });
}

TEST_CASE("scope: the destructor waits, and drops what was thrown") {
    in_runtimes([] {
        std::atomic<int> ran{0};
        {
            scope s;
            s.spawn([&] {
                hocket::this_fiber::sleep_for(1ms);
                ran.fetch_add(1);
            });
            s.spawn([] { throw std::runtime_error("dropped"); });
        }
        CHECK(ran.load() == 1);
        {
            scope const never_used;
        }
    });
}

TEST_CASE("scope: its owner throws, and the destructor waits while the stack is unwound") {
    in_runtimes([] {
        std::atomic<int> ran{0};
        try {
            scope s;
            for (int i = 0; i < 5; ++i)
                s.spawn([&] {
                    CHECK(std::uncaught_exceptions() == 0);
                    hocket::this_fiber::sleep_for(100us);
                    ran.fetch_add(1);
                });
            throw std::logic_error("the owner's");
        } catch (std::logic_error const& e) {
            CHECK(std::string(e.what()) == "the owner's");
            CHECK(ran.load() == 5);
            // And a whole scope inside the handler.
            scope s;
            s.spawn([&] {
                CHECK(std::current_exception() == nullptr);
                hocket::this_fiber::yield();
                ran.fetch_add(1);
            });
            s.join();
            CHECK(std::current_exception() != nullptr);
        }
        CHECK(ran.load() == 6);
    });
}

TEST_CASE("scope: the first exception is rethrown when all have ended, the others are dropped") {
    in_runtimes([] {
        std::atomic<int> ended{0};
        scope s;
        for (int i = 0; i < 10; ++i)
            s.spawn([&] {
                while (!hocket::this_fiber::get_stop_token().stop_requested()) hocket::this_fiber::yield();
                ended.fetch_add(1);
                throw std::runtime_error("a later one");
            });
        s.spawn([] {
            hocket::this_fiber::yield();
            throw std::runtime_error("the first");
        });
        CHECK(what_join_throws(s) == "the first");
        CHECK(ended.load() == 10);
        CHECK(what_join_throws(s) == "");
        CHECK_FALSE(s.request_stop());  // it has been asked by the failure

        s.spawn([] { throw std::runtime_error("again"); });
        CHECK(what_join_throws(s) == "again");
        s.spawn([] { throw 5; });
        CHECK_THROWS_AS(s.join(), int);
    });
}

TEST_CASE("scope: an exception of a task that a task of the scope has spawned counts like any") {
    in_runtimes([] {
        scope s;
        s.spawn([&s] { s.spawn([] { throw std::runtime_error("the grandchild's"); }); });
        CHECK(what_join_throws(s) == "the grandchild's");
    });
}

TEST_CASE("scope: it is asked to stop once, and all its tasks have its token") {
    in_runtimes([] {
        scope s;
        std::stop_token const token = s.get_stop_token();
        CHECK(token.stop_possible());
        CHECK_FALSE(token.stop_requested());
        CHECK_FALSE(token == hocket::this_fiber::get_stop_token());
        std::atomic<int> asked{0}, same{0};
        for (int i = 0; i < 4; ++i)
            s.spawn([&] {
                std::stop_token const mine = hocket::this_fiber::get_stop_token();
                if (mine == token) same.fetch_add(1);
                while (!mine.stop_requested()) hocket::this_fiber::yield();
                asked.fetch_add(1);
            });
        bool first = false, second = true;
        std::thread([&] {
            first = s.request_stop();
            second = s.request_stop();
        }).join();
        CHECK(first);
        CHECK_FALSE(second);
        s.join();
        CHECK(asked.load() == 4);
        CHECK(same.load() == 4);
        CHECK(token.stop_requested());

        // Before anybody has asked for a token.
        scope early;
        CHECK(early.request_stop());
        CHECK_FALSE(early.request_stop());
        CHECK(early.get_stop_token().stop_requested());
        bool seen = false;
        early.spawn([&seen] { seen = hocket::this_fiber::get_stop_token().stop_requested(); });
        early.join();
        CHECK(seen);
    });
}

TEST_CASE("scope: its token follows the runtime's") {
    for_worker_counts([](unsigned workers) {
        hocket::runtime rt({.workers = workers, .blocking_workers = 1});
        rt.run([&rt] {
            scope s, of_its_own;
            std::stop_token const kept = s.get_stop_token();
            bool asked = false;
            s.spawn([&asked] {
                while (!hocket::this_fiber::get_stop_token().stop_requested()) hocket::this_fiber::yield();
                asked = true;
            });
            rt.request_stop();
            s.join();
            CHECK(asked);
            CHECK(kept.stop_requested());
            CHECK(of_its_own.get_stop_token().stop_requested());
        });
        check_clean(rt);
    });
}

TEST_CASE("scope: a stop callback may suspend nobody, but may use the scope") {
    in_runtimes([] {
        scope s;
        std::atomic<int> ran{0};
        std::stop_callback const on_stop(s.get_stop_token(), [&] {
            static_cast<void>(s.get_stop_token());
            ran.fetch_add(1);
        });
        s.spawn([] { throw 1; });
        CHECK_THROWS_AS(s.join(), int);
        CHECK(ran.load() == 1);
    });
}

TEST_CASE("scope: closures that can only be moved, and arguments") {
    in_runtimes([] {
        int sum = 0;
        std::string text = "a text that is too long for the small buffer";
        scope s;
        s.spawn([p = std::make_unique<int>(3), &sum] { sum += *p; });
        s.join();
        s.spawn([&sum](std::unique_ptr<int> p, std::string copy, std::string& referred) {
            sum += *p + static_cast<int>(copy.size());
            referred += "!";
        }, std::make_unique<int>(4), text, std::ref(text));
        s.join();
        CHECK(sum == 3 + 4 + 44);
        CHECK(text.back() == '!');
        struct once {
            int& sum;
            void operator()() && { ++sum; }
        };
        s.spawn(once{sum});
        s.join();
        CHECK(sum == 52);
    });
}

TEST_CASE("scope: closures of any size and alignment, which end before join() returns") {
    struct alignas(256) aligned {
        char bytes[256] = {};
    };
    in_runtimes([] {
        std::atomic<int> right{0};
        scope s;
        for (int i = 0; i < 50; ++i) {
            s.spawn([&right, c = counted()] { right.fetch_add(1); });
            s.spawn([&right, c = counted(), a = std::array<char, 3000>()] { right.fetch_add(a[7] == 0); });
            s.spawn([&right, c = counted(), a = aligned()] {
                right.fetch_add(reinterpret_cast<std::uintptr_t>(&a) % 256 == 0);
            });
            s.spawn({.name = "named"}, [&right, c = counted(), a = std::array<char, 300>()] {
                hocket::this_fiber::yield();
                right.fetch_add(a[7] == 0);
            });
        }
        s.join();
        CHECK(right.load() == 200);
        CHECK(counted::live.load() == 0);
    });
}

TEST_CASE("scope: a closure or argument that cannot be copied leaves nothing behind") {
    in_runtimes([] {
        scope s;
        uncopyable_at_last const stubborn;
        for (int i = 0; i < 20; ++i) {
            CHECK_THROWS_AS(s.spawn(stubborn), std::runtime_error);
            CHECK_THROWS_AS(s.spawn([c = counted()](uncopyable_at_last const&) {}, stubborn), std::runtime_error);
            CHECK_THROWS_AS(s.spawn({.name = "named", .delay = 1ms, .stack_size = 128_KiB}, stubborn),
                            std::runtime_error);
        }
        s.join();
        int ran = 0;
        s.spawn([&ran] { ++ran; });
        s.join();
        CHECK(ran == 1);
        CHECK(counted::live.load() == 1);
    });
    CHECK(counted::live.load() == 0);
}

TEST_CASE("scope: launch attributes") {
    in_runtimes([] {
        auto const begin = std::chrono::steady_clock::now();
        std::atomic<int> right{0};
        scope s;
        s.spawn({.name = "named"}, [&] { right.fetch_add(hocket::this_fiber::name() == "named"); });
        s.spawn({.delay = 5ms}, [&] { right.fetch_add(std::chrono::steady_clock::now() - begin >= 5ms); });
        s.spawn({.worker = 0}, [&] {
            int const at = hocket::this_fiber::worker();
            hocket::this_fiber::yield();
            right.fetch_add(at == 0 && hocket::this_fiber::worker() == 0);
        });
        s.spawn({.stack_size = 1_MiB}, [&] {
            std::array<char volatile, 512 * 1024> wide;
            wide[0] = 1;
            hocket::this_fiber::yield();
            right.fetch_add(wide[0]);
        });
        s.spawn({}, [&] { right.fetch_add(1); });
        hocket::launch const how{.name = "all of it", .delay = 1ms, .worker = 0, .stack_size = 128_KiB};
        s.spawn(how, [&](int n) { right.fetch_add(n); }, 1);
        s.join();
        CHECK(right.load() == 6);
        CHECK_THROWS_AS(s.spawn({.worker = 99}, [] {}), std::invalid_argument);
        CHECK_THROWS_AS(s.spawn({.stack_size = 1}, [] {}), std::invalid_argument);
        s.join();
    });
}

TEST_CASE("scope: what a task owns is gone before join() returns") {
    static hocket::fiber_local<counted> local;
    in_runtimes([] {
        for (int i = 0; i < 100; ++i) {
            scope s;
            for (int k = 0; k < 4; ++k)
                s.spawn([k] {
                    local.get();
                    hocket::this_fiber::arena().make<counted>();
                    if (k % 2 == 1) hocket::this_fiber::yield();
                });
            s.join();
            REQUIRE(counted::live.load() == 0);
        }
    });
}

TEST_CASE("scope: one inside the tasks of another, and many at a time") {
    in_runtimes([] {
        std::atomic<int> ran{0};
        auto owns = [&ran](int depth, auto& self) -> void {
            scope s;
            for (int i = 0; i < 4; ++i)
                s.spawn([&ran, depth, &self] {
                    if (depth > 0) self(depth - 1, self);
                    ran.fetch_add(1);
                });
            if (depth % 2 == 0) s.join();
        };
        owns(4, owns);
        CHECK(ran.load() == 4 + 16 + 64 + 256 + 1024);
    });
}

// join() waits for nothing but the scope's tasks, though a worker counts those it has ended by the way.
TEST_CASE("scope: a join does not wait for what its workers do next") {
    in_runtimes([] {
        for (int round = 0; round < 30; ++round) {
            hocket::counting_semaphore<> joined(0);
            std::vector<hocket::future<void>> others;
            scope s;
            for (int i = 0; i < 20; ++i) {
                others.push_back(hocket::async([&joined] { joined.acquire(); }));
                s.spawn([] {});
                if (i % 3 == 0) s.spawn([] { hocket::this_fiber::yield(); });
            }
            s.join();
            joined.release(20);
            for (auto& o : others) o.get();
        }
    });
}

TEST_CASE("scope: in a task that is bound to a worker, and in a blocking one") {
    in_runtimes([] {
        std::atomic<int> ran{0};
        auto owns = [&ran] {
            int const at = hocket::this_fiber::worker();
            scope s;
            for (int i = 0; i < 20; ++i)
                s.spawn([&ran, i] {
                    if (i % 2 == 0) hocket::this_fiber::yield();
                    ran.fetch_add(1);
                });
            s.join();
            return hocket::this_fiber::worker() == at;
        };
        CHECK(hocket::async({.worker = 0}, owns).get());
        hocket::blocking(owns);
        CHECK(ran.load() == 40);
    });
}

TEST_CASE("scope: outside a runtime it is empty, and spawn throws") {
    scope s;
    CHECK_THROWS_WITH_AS(s.spawn([] {}), doctest::Contains("outside a runtime"), hocket::no_runtime);
    CHECK_THROWS_AS(s.spawn({.name = "x"}, [] {}), hocket::no_runtime);
    s.join();
    CHECK(s.request_stop());
    CHECK(s.get_stop_token().stop_requested());
}

TEST_CASE("scope: tasks that do as the dice say") {
    std::uint64_t const seed = test_seed("scope");
    in_runtimes([seed] {
        std::atomic<int> begun{0}, ended{0}, thrown{0};
        std::atomic<std::uint64_t> who{0};
        auto act = [&](scope& s, int depth, auto& self) -> void {
            random_stream random(seed, who.fetch_add(1));
            for (std::uint64_t n = random.below(6); n != 0; --n) switch (random.below(5)) {
                    case 0: hocket::this_fiber::yield(); break;
                    case 1: hocket::this_fiber::sleep_for(std::chrono::microseconds(random.below(50))); break;
                    case 2: hocket::blocking([] {}); break;
                    case 3:
                        if (depth == 0) break;
                        begun.fetch_add(1);
                        s.spawn([&, depth] { self(s, depth - 1, self); });
                        break;
                    case 4:
                        if (depth == 0) break;
                        {
                            scope inner;
                            begun.fetch_add(2);
                            inner.spawn([&, depth] { self(inner, depth - 1, self); });
                            inner.spawn([&] { self(inner, 0, self); });
                            try {
                                inner.join();
                            } catch (int) {
                                thrown.fetch_add(1);
                            }
                        }
                        break;
                }
            ended.fetch_add(1);
            if (random.below(10) == 0) throw 1;
        };
        for (int round = 0; round < 20; ++round) {
            scope s;
            for (int i = 0; i < 10; ++i) {
                begun.fetch_add(1);
                s.spawn([&] { act(s, 4, act); });
            }
            try {
                s.join();
            } catch (int) {
                thrown.fetch_add(1);
            }
            REQUIRE(begun.load() == ended.load());
        }
    });
}

TEST_CASE("scope: closed, it takes nothing more; what it has goes on, and is joined") {
    in_runtimes([] {
        hocket::scope s;
        std::atomic<int> ran{0};
        hocket::event go_on;
        auto const alive = std::make_shared<int>(0);
        CHECK(s.spawn([&] {
            go_on.wait();
            ++ran;
            // One of its tasks asks in vain, too.
            CHECK_FALSE(s.spawn([&] { ++ran; }));
        }));
        CHECK(s.spawn({.name = "named"}, [&] { ++ran; }));
        s.close();
        CHECK_FALSE(s.spawn([&ran, alive] { ++ran; }));
        CHECK_FALSE(s.spawn({.delay = std::chrono::hours(1)}, [&ran, alive] { ++ran; }));
        CHECK(alive.use_count() == 1);
        go_on.set();
        s.join();
        CHECK(ran.load() == 2);
        CHECK_FALSE(s.spawn([&] { ++ran; }));
        s.join();
        CHECK(ran.load() == 2);
    });
}
