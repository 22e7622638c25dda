// hocket::parallel_invoke: what its header promises, for jobs that are called where they were forked, for jobs that are
// stolen, and for jobs that got tasks of their own because their forker was suspended.
#include <hocket/parallel_invoke.hpp>
#include <hocket/testing.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <hocket/channel.hpp>
#include <hocket/fiber.hpp>
#include <hocket/fiber_local.hpp>
#include <hocket/future.hpp>
#include <hocket/go.hpp>
#include <hocket/scope.hpp>
#include <hocket/semaphore.hpp>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "dumped.hpp"
#include "in_runtimes.hpp"
#include "seed.hpp"

using namespace std::chrono_literals;
using namespace hocket::literals;
using hocket::parallel_invoke;

namespace {

int leaves(int depth, int suspends_at = -1) {
    if (depth == suspends_at) hocket::this_fiber::yield();
    if (depth == 0) return 1;
    int left = 0, right = 0;
    parallel_invoke([&] { left = leaves(depth - 1, suspends_at); }, [&] { right = leaves(depth - 1, suspends_at); });
    return left + right;
}

template <class... F>
std::string what_it_throws(F&&... f) {
    try {
        parallel_invoke(std::forward<F>(f)...);
    } catch (std::exception const& e) {
        return e.what();
    }
    return "";
}

auto throws(char const* what, bool suspends = false) {
    return [=] {
        if (suspends) hocket::this_fiber::yield();
        throw std::runtime_error(what);
    };
}

// The three ways of a job.
enum class way { inlined, stolen, promoted };

// Forks `job` so that it goes that way, if it can: for a theft there must be another worker. Tells which way it went.
template <class F>
way fork_once(way wanted, F job) {
    std::thread::id const here = std::this_thread::get_id();
    std::thread::id there;
    bool suspended = false;
    std::atomic<bool> begun{false};
    parallel_invoke(
        [&] {
            auto const patience = std::chrono::steady_clock::now() + 20ms;
            if (wanted == way::stolen)
                while (!begun.load() && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
            if (wanted == way::promoted) {
                suspended = true;
                hocket::this_fiber::sleep_for(20us);
            }
        },
        [&] {
            there = std::this_thread::get_id();
            begun.store(true);
            job();
        });
    return suspended ? way::promoted : here == there ? way::inlined : way::stolen;
}

// All that a job can tell of itself, and what its forker sees of it.
struct told {
    std::string name;
    bool own_id = false, keeps_id = false, own_locals = false, own_arena = false, same_token = false;
    bool handles_nothing = false, sees_no_unwinding = false, in_runtime = false;
    std::string ends;  // in which order its belongings end
    bool ended_in_time = false, forker_unchanged = false;
    bool operator==(told const&) const = default;
};

template <class F>
void fork(way wanted, F job) {
    for (int i = 0; i < 500; ++i)
        if (fork_once(wanted, job) == wanted) return;
    FAIL_CHECK("no job went that way");
}

}  // namespace

TEST_CASE("parallel_invoke: each is called once, and has ended when it returns") {
    in_runtimes([] {
        int a = 0, b = 0, c = 0, d = 0, e = 0;
        parallel_invoke([&] { ++a; });
        parallel_invoke([&] { ++a; }, [&] { ++b; });
        parallel_invoke([&] { ++a; }, [&] { ++b; }, [&] { ++c; });
        parallel_invoke([&] { ++a; }, [&] { ++b; }, [&] { ++c; }, [&] { ++d; }, [&] { ++e; });
        CHECK(a == 4);
        CHECK(b == 3);
        CHECK(c == 2);
        CHECK(d == 1);
        CHECK(e == 1);
    });
}

TEST_CASE("parallel_invoke: trees of forks, some of which are suspended") {
    in_runtimes([] {
        CHECK(leaves(14) == 1 << 14);
        CHECK(leaves(9, 0) == 1 << 9);
        CHECK(leaves(10, 5) == 1 << 10);
        CHECK(leaves(10, 9) == 1 << 10);
    });
}

TEST_CASE("parallel_invoke: many fibers that fork at the same time, and are suspended while they do") {
    in_runtimes([] {
        std::vector<hocket::future<int>> all;
        for (int i = 0; i < 40; ++i) all.push_back(hocket::async([i] { return leaves(5, i % 6); }));
        CHECK(leaves(9, 3) == 1 << 9);
        for (auto& f : all) CHECK(f.get() == 32);
    });
}

TEST_CASE("parallel_invoke: callables are called as what they are") {
    struct callable {
        std::string& told;
        void operator()() & { told += 'l'; }
        void operator()() const& { told += 'c'; }
        void operator()() && { told += 'r'; }
    };
    auto const call_all = [] {
        std::string one, two, three;
        callable lvalue{one};
        callable const constant{two};
        parallel_invoke(lvalue, constant, callable{three});
        parallel_invoke(callable{three}, lvalue, constant);
        parallel_invoke(constant, callable{three}, lvalue);
        CHECK(one == "lll");
        CHECK(two == "ccc");
        CHECK(three == "rrr");
        std::unique_ptr<int> p = std::make_unique<int>(1);
        parallel_invoke([] {}, [q = std::move(p)] { CHECK(*q == 1); });
        parallel_invoke([] {}, [&p]() -> std::unique_ptr<int> { return std::move(p); });
    };
    in_runtimes(call_all);
    call_all();
}

TEST_CASE("parallel_invoke: of several exceptions the leftmost, when all have ended") {
    in_runtimes([] {
        for (bool const suspends : {false, true}) {
            std::atomic<int> ended{0};
            auto fine = [&] {
                if (suspends) hocket::this_fiber::sleep_for(20us);
                ended.fetch_add(1);
            };
            for (int i = 0; i < 20; ++i) {
                ended = 0;
                CHECK(what_it_throws(throws("a")) == "a");
                CHECK(what_it_throws(throws("a", suspends), throws("b")) == "a");
                CHECK(what_it_throws(fine, throws("b", suspends)) == "b");
                CHECK(what_it_throws(throws("a", suspends), fine) == "a");
                CHECK(what_it_throws(fine, throws("b", suspends), throws("c")) == "b");
                CHECK(what_it_throws(fine, throws("b"), fine, throws("d", suspends), fine) == "b");
                CHECK(what_it_throws(fine, fine, throws("c", !suspends)) == "c");
                CHECK(ended.load() == 1 + 1 + 1 + 3 + 2);
            }
            CHECK_THROWS_AS(parallel_invoke(fine, [] { throw 1; }), int);
        }
    });
}

TEST_CASE("parallel_invoke: an exception of a job that is nested deep comes up through all of them") {
    in_runtimes([] {
        struct recursion {
            static void down(int depth, std::atomic<int>& ended) {
                if (depth == 0) throw std::runtime_error("deep");
                parallel_invoke([&] { ended.fetch_add(1); },
                                [&] {
                                    if (depth % 5 == 0) hocket::this_fiber::yield();
                                    down(depth - 1, ended);
                                },
                                [&] { ended.fetch_add(1); });
            }
        };
        std::atomic<int> ended{0};
        CHECK(what_it_throws([] {}, [&] { recursion::down(30, ended); }) == "deep");
        CHECK(ended.load() == 60);
    });
}

TEST_CASE("parallel_invoke: the callables may wait for each other, whichever way round") {
    in_runtimes([] {
        for (std::size_t const capacity : {0u, 1u}) {
            hocket::channel<int> there(capacity), back(capacity);
            int got = 0;
            auto asks = [&] {
                for (int i = 0; i < 10; ++i) {
                    CHECK(there.send(int(i)));
                    got += *back.recv();
                }
            };
            auto answers = [&] {
                for (int i = 0; i < 10; ++i) CHECK(back.send(*there.recv() + 1));
            };
            parallel_invoke(asks, answers);
            CHECK(got == 55);
            parallel_invoke(answers, asks);
            CHECK(got == 110);
            parallel_invoke([] {}, answers, [] {}, asks);
            CHECK(got == 165);
        }
        // Three in a ring.
        hocket::binary_semaphore a(0), b(0), c(0);
        parallel_invoke([&] { a.acquire(), b.release(); }, [&] { b.acquire(), c.release(); },
                        [&] { a.release(), c.acquire(); });
    });
}

TEST_CASE("parallel_invoke: the forker goes on on another worker while its jobs are away") {
    in_runtimes([] {
        int moved = 0;
        for (int i = 0; i < 300; ++i) {
            int const before = hocket::this_fiber::worker();
            int after = before;
            std::atomic<int> called{0};
            parallel_invoke(
                [&] {
                    parallel_invoke(
                        [&] {
                            hocket::blocking([] {});  // who comes back from there goes on anywhere
                            after = hocket::this_fiber::worker();
                        },
                        [&] { ++called; });
                    // On the new worker.
                    parallel_invoke([] {}, [&] { ++called; });
                },
                [&] { ++called; });
            REQUIRE(called.load() == 3);
            if (after != before) ++moved;
        }
        MESSAGE("moved ", moved, " times of 300");
    });
}

TEST_CASE("parallel_invoke: a job has an identity of its own, the same whether it was stolen or not") {
    static hocket::fiber_local<int> number;
    struct noted {
        std::string* to;
        char name;
        noted(std::string* t, char n) : to(t), name(n) {}
        ~noted() { *to += name; }
    };
    static hocket::fiber_local<std::unique_ptr<noted>> local_end;
    auto const observe = [](way wanted, bool suspends) {
        told t;
        *number = 7;
        hocket::fiber_id const me = hocket::this_fiber::get_id();
        hocket::arena const* const mine = &hocket::this_fiber::arena();
        std::stop_token const token = hocket::this_fiber::get_stop_token();
        auto job = [&] {
            t = told();
            hocket::fiber_id const id = hocket::this_fiber::get_id();
            t.own_id = id != me && id != hocket::fiber_id();
            t.name = hocket::this_fiber::name();
            t.in_runtime = hocket::this_fiber::in_runtime();
            t.own_locals = number.get_if() == nullptr && *number == 0;
            *number = 9;
            *local_end = std::make_unique<noted>(&t.ends, 'l');
            t.own_arena = &hocket::this_fiber::arena() != mine;
            hocket::this_fiber::arena().make<noted>(&t.ends, '1');
            hocket::this_fiber::arena().make<noted>(&t.ends, '2');
            t.same_token = hocket::this_fiber::get_stop_token() == token;
            t.handles_nothing = std::current_exception() == nullptr;
            t.sees_no_unwinding = std::uncaught_exceptions() == 0;
            if (suspends) hocket::this_fiber::yield();
            t.keeps_id = hocket::this_fiber::get_id() == id && *number == 9;
        };
        auto look = [&] {
            t.ended_in_time = t.ends == "l21";
            t.forker_unchanged = *number == 7 && hocket::this_fiber::get_id() == me &&
                                 &hocket::this_fiber::arena() == mine;
        };
        fork(wanted, job);
        look();
        told const plain = t;
        try {
            throw 1;
        } catch (int) {
            fork(wanted, job);
            look();
            CHECK(std::current_exception() != nullptr);
        }
        CHECK(t == plain);
        return t;
    };
    told expected;
    expected.name = "the forker";
    expected.own_id = expected.keeps_id = expected.own_locals = expected.own_arena = expected.same_token = true;
    expected.handles_nothing = expected.sees_no_unwinding = expected.in_runtime = true;
    expected.ends = "l21";
    expected.ended_in_time = expected.forker_unchanged = true;
    for (bool const observed : {false, true}) {
        hocket::runtime_options const options{.workers = 2, .blocking_workers = 1};
        hocket::runtime rt(observed ? hocket::testing::observed(options) : options);
        rt.run([&] {
            hocket::fiber f({.name = "the forker"}, [&] {
                for (way const w : {way::inlined, way::stolen, way::promoted})
                    for (bool const suspends : {false, true}) {
                        CAPTURE(static_cast<int>(w));
                        CAPTURE(suspends);
                        CHECK(observe(w, suspends) == expected);
                    }
            });
            f.join();
        });
        check_clean(rt);
    }
}

TEST_CASE("parallel_invoke: every job has another id, nested ones too; the first has its caller's") {
    in_runtimes([] {
        std::vector<hocket::fiber_id> ids(1 << 6);
        struct recursion {
            static void down(std::vector<hocket::fiber_id>& ids, std::size_t from, std::size_t n) {
                hocket::fiber_id const me = hocket::this_fiber::get_id();
                if (n == 1) {
                    ids[from] = me;
                    return;
                }
                parallel_invoke(
                    [&] {
                        CHECK(hocket::this_fiber::get_id() == me);
                        down(ids, from, n / 2);
                    },
                    [&] {
                        CHECK(hocket::this_fiber::get_id() != me);
                        down(ids, from + n / 2, n / 2);
                    });
                CHECK(hocket::this_fiber::get_id() == me);
            }
        };
        recursion::down(ids, 0, ids.size());
        CHECK(ids[0] == hocket::this_fiber::get_id());
        std::sort(ids.begin(), ids.end());
        CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
        CHECK(ids.front() != hocket::fiber_id());
    });
}

TEST_CASE("parallel_invoke: inside a handler, and while the stack is unwound") {
    struct forks_at_its_end {
        std::atomic<int>& right;
        bool suspends;
        ~forks_at_its_end() {
            int const mine = std::uncaught_exceptions();
            auto job = [&] {
                if (suspends) hocket::this_fiber::yield();
                right.fetch_add(std::uncaught_exceptions() == 0 && std::current_exception() == nullptr);
                try {
                    throw 2;
                } catch (int) {
                    if (suspends) hocket::this_fiber::yield();
                    right.fetch_add(std::current_exception() != nullptr);
                }
            };
            parallel_invoke([&] { right.fetch_add(std::uncaught_exceptions() == mine); }, job, job);
            right.fetch_add(std::uncaught_exceptions() == mine);
        }
    };
    in_runtimes([] {
        for (bool const suspends : {false, true}) {
            std::atomic<int> right{0};
            try {
                forks_at_its_end const forker{right, suspends};
                throw std::runtime_error("kept");
            } catch (std::runtime_error const& e) {
                CHECK(std::string(e.what()) == "kept");
                parallel_invoke([&] { right.fetch_add(std::current_exception() != nullptr); },
                                [&] {
                                    if (suspends) hocket::this_fiber::sleep_for(20us);
                                    right.fetch_add(std::current_exception() == nullptr);
                                });
                CHECK(what_it_throws([] {}, throws("inner", suspends)) == "inner");
                try {
                    throw;
                } catch (std::runtime_error const& same) {
                    CHECK(&same == &e);
                }
            }
            CHECK(std::current_exception() == nullptr);
            CHECK(right.load() == 6 + 2);
        }
    });
}

TEST_CASE("parallel_invoke: on a plain thread one after the other, all of them") {
    std::string order;
    parallel_invoke([&] { order += 'a'; }, [&] { order += 'b'; }, [&] { order += 'c'; });
    CHECK(order == "abc");
    CHECK(what_it_throws([&] { order += 'd'; }, throws("first"), [&] { order += 'e'; }, throws("second")) == "first");
    CHECK(order == "abcde");
    CHECK(leaves(8) == 256);
    try {
        throw 1;
    } catch (int) {
        parallel_invoke([] {}, [&] { order += 'f'; });
        CHECK(std::current_exception() != nullptr);
    }
    CHECK(order == "abcdef");
}

TEST_CASE("parallel_invoke: in a blocking task, in a bound one, in a delayed one with a large stack") {
    in_runtimes([] {
        CHECK(hocket::blocking([] { return leaves(8, 3); }) == 256);
        CHECK(hocket::blocking([] { return leaves(8); }) == 256);
        auto bound = [] {
            int const at = hocket::this_fiber::worker();
            bool stays = true;
            for (int i = 0; i < 20; ++i) {
                parallel_invoke(
                    [&] {
                        hocket::this_fiber::yield();
                        stays = stays && hocket::this_fiber::worker() == at;
                        hocket::blocking([] {});
                        stays = stays && hocket::this_fiber::worker() == at;
                    },
                    [] { leaves(4, 2); });
                stays = stays && hocket::this_fiber::worker() == at;
            }
            return stays;
        };
        CHECK(hocket::async({.worker = 0}, bound).get());
        CHECK(hocket::async({.delay = 1ms, .stack_size = 256_KiB}, [] { return leaves(8, 2); }).get() == 256);
    });
}

// Each level takes more than a kibibyte: two hundred of them exceed a stack several times.
TEST_CASE("parallel_invoke: recursion that is deeper than a stack") {
    struct recursion {
        static int down(int depth) {
            std::array<char volatile, 1200> wide;
            wide[0] = 1;
            if (depth == 0) return wide[0];
            int left = 0, right = 0;
            std::string const name(hocket::this_fiber::name());
            parallel_invoke([&] { left = down(depth - 1); },
                            [&] { right = hocket::this_fiber::name() == name ? wide[0] : 100; });
            return left + right;
        }
        static int down_right(int depth) {
            std::array<char volatile, 1200> wide;
            wide[0] = 1;
            if (depth == 0) return wide[0];
            int left = 0, right = 0;
            parallel_invoke([&] { left = wide[0]; }, [&] { right = down_right(depth - 1); });
            return left + right;
        }
        static void fails(int depth) {
            std::array<char volatile, 1200> wide;
            wide[0] = 1;
            if (depth == 0) throw std::runtime_error("at the bottom");
            parallel_invoke([&] { fails(depth - wide[0]); }, [] { throw std::runtime_error("beside"); });
        }
    };
    in_runtimes([] {
        CHECK(hocket::async({.name = "diver"}, [] { return recursion::down(300); }).get() == 301);
        CHECK(recursion::down(300) == 301);
        CHECK(recursion::down_right(300) == 301);
        CHECK(what_it_throws([] { recursion::fails(200); }) == "at the bottom");
        CHECK(hocket::async({.stack_size = 16_KiB}, [] { return recursion::down(20); }).get() == 21);
    });
}

TEST_CASE("parallel_invoke: a stolen job that is suspended is in the dump, and so is who waits for it") {
    hocket::runtime rt({.workers = 2, .blocking_workers = 1});
    rt.run([&rt] {
        hocket::binary_semaphore seen(0);
        hocket::fiber forker({.name = "the forker"}, [&] {
            for (bool stolen = false; !stolen;) {
                std::thread::id const here = std::this_thread::get_id();
                std::atomic<bool> begun{false};
                parallel_invoke(
                    [&] {
                        auto const patience = std::chrono::steady_clock::now() + 20ms;
                        while (!begun.load() && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
                    },
                    [&] {
                        begun.store(true);
                        stolen = std::this_thread::get_id() != here;
                        if (stolen) seen.acquire();
                    });
            }
        });
        wait_until_dumped(rt, 1, "suspended, waits for a semaphore");
        wait_until_dumped(rt, 1, "'the forker': suspended, waits for its tasks");
        std::ostringstream out;
        rt.dump(out);
        seen.release();
        forker.join();
        CHECK(out.str().find("spawned at ") != std::string::npos);
        CHECK(count_dumped(rt, "\n") == 1);
    });
    check_clean(rt);
}

TEST_CASE("parallel_invoke: forks, scopes and other tasks mixed as the dice say") {
    std::uint64_t const seed = test_seed("parallel_invoke");
    in_runtimes([seed] {
        std::atomic<int> begun{0}, ended{0};
        std::atomic<std::uint64_t> who{0};
        auto act = [&](int depth, auto& self) -> void {
            random_stream random(seed, who.fetch_add(1));
            auto job = [&, depth] {
                begun.fetch_add(1);
                self(depth - 1, self);
            };
            for (std::uint64_t n = random.below(5); n != 0; --n) switch (random.below(depth > 0 ? 7 : 3)) {
                    case 0: hocket::this_fiber::yield(); break;
                    case 1: hocket::this_fiber::sleep_for(std::chrono::microseconds(random.below(30))); break;
                    case 2: hocket::blocking([] {}); break;
                    case 3: parallel_invoke(job, job); break;
                    case 4: parallel_invoke(job, job, job); break;
                    case 5: hocket::async(job).get(); break;
                    case 6:
                        hocket::scope s;
                        s.spawn(job);
                        s.spawn([&] { parallel_invoke(job, job); });
                        break;
                }
            ended.fetch_add(1);
        };
        for (int round = 0; round < 30; ++round) {
            begun.fetch_add(1);
            act(4, act);
            REQUIRE(begun.load() == ended.load());
        }
    });
}
