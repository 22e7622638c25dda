// Test cases that fail, leak, hang and throw on purpose, each beside a twin that does not: harness_test.cpp runs them
// one by one in a child process and reads what is said. "[stock]" and "[unobserved]" cases do the same without the
// harness's hooks, the first also with doctest's own INFO: they show that the breakage is there to be mended.
#include <hocket/hocket.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <ostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using hocket::testing::runtime_under_test;

namespace {

// What INFO is without <hocket/testing.hpp>.
#define STOCK_INFO(text) \
    auto DOCTEST_ANONYMOUS(STOCK_) = doctest::detail::MakeContextScope([&](std::ostream* s) { *s << text; })

// A fiber sleeps inside an INFO while another, on the same worker, checks.
void check_beside_a_sleeper(bool holds) {
    hocket::binary_semaphore inside(0);
    hocket::binary_semaphore go_on(0);
    auto sleeper = hocket::async([&] {
        INFO("text of the sleeper");
        inside.release();
        go_on.acquire();
        CHECK(go_on.try_acquire() == false);
    });
    inside.acquire();
    {
        INFO("text of the checker");
        CHECK(holds);
    }
    go_on.release();
    sleeper.get();
}

void check_beside_a_stock_sleeper() {
    hocket::binary_semaphore inside(0);
    hocket::binary_semaphore go_on(0);
    auto sleeper = hocket::async([&] {
        STOCK_INFO("text of the sleeper");
        inside.release();
        go_on.acquire();
    });
    inside.acquire();
    CHECK(1 == 2);
    go_on.release();
    sleeper.get();
}

// Many INFO scopes that end in another order than they began, in fibers that take turns.
void interleave(bool holds) {
    constexpr int fibers = 8;
    std::vector<hocket::future<void>> all;
    for (int i = 0; i < fibers; ++i)
        all.push_back(hocket::async([i, holds] {
            INFO("outer of fiber ", i);
            for (int round = 0; round < 20; ++round) {
                INFO("round ", round);
                for (int turn = 0; turn <= (i + round) % 3; ++turn) hocket::this_fiber::yield();
                CAPTURE(i);
                hocket::this_fiber::yield();
                CHECK((holds || round != 19));
            }
        }));
    for (auto& f : all) f.get();
}

// Made, the calling fiber runs on another worker than before: the one it left is kept busy until then, and it was woken
// from outside. Ended, it may come back.
class migration {
public:
    migration() {
        int const before = hocket::this_fiber::worker();
        hocket::counting_semaphore<> pokes(0);
        std::thread poker([&] {
            while (!away_) {
                pokes.release();
                std::this_thread::sleep_for(200us);
            }
        });
        hog_ = hocket::async({.name = "hog", .worker = before}, [this] {
            busy_ = true;
            while (!away_) std::this_thread::sleep_for(100us);
        });
        while (!busy_ || hocket::this_fiber::worker() == before) pokes.acquire();
        away_ = true;
        poker.join();
    }

private:
    std::atomic<bool> busy_{false};
    std::atomic<bool> away_{false};
    hocket::future<void> hog_;  // waits in its destructor
};

struct prickly {};
// A text that checks something while it is made.
std::ostream& operator<<(std::ostream& out, prickly const&) {
    CHECK_MESSAGE(1 == 2, "inside operator<<");
    return out << "prickly";
}

}  // namespace

FIBER_TEST_CASE("A bad", .workers = {1}) { check_beside_a_sleeper(false); }
FIBER_TEST_CASE("A good", .workers = {1}) { check_beside_a_sleeper(true); }
TEST_CASE("A [stock]") {
    hocket::runtime rt({.workers = 1, .blocking_workers = 1});
    rt.run(check_beside_a_stock_sleeper);
}

FIBER_TEST_CASE("B bad", .workers = {2}) { interleave(false); }
FIBER_TEST_CASE("B good", .workers = {2}) { interleave(true); }

FIBER_TEST_CASE("C bad", .workers = {2}) {
    int const before = hocket::this_fiber::worker();
    INFO("text of the traveller");
    migration const away;
    CHECK(hocket::this_fiber::worker() == before);
}
FIBER_TEST_CASE("C good", .workers = {2}) {
    int const before = hocket::this_fiber::worker();
    INFO("text of the traveller");
    migration const away;
    CHECK(hocket::this_fiber::worker() != before);
}

TEST_CASE("C [unobserved]") {
    hocket::runtime rt({.workers = 2, .blocking_workers = 1});
    rt.run([] {
        int const before = hocket::this_fiber::worker();
        INFO("text of the traveller");
        migration const away;
        CHECK(hocket::this_fiber::worker() == before);
    });
}

FIBER_TEST_CASE("check in a detached task, bad") {
    hocket::go({.name = "loader"}, [] {
        INFO("text of the loader");
        hocket::this_fiber::yield();
        CHECK(1 == 2);
    });
}

FIBER_TEST_CASE("require in the body, bad") {
    INFO("text of the body");
    hocket::this_fiber::yield();
    REQUIRE(1 == 2);
    FAIL_CHECK("went on after a REQUIRE");
}
FIBER_TEST_CASE("require in the body, good") {
    INFO("text of the body");
    hocket::this_fiber::yield();
    REQUIRE(1 == 1);
}

FIBER_TEST_CASE("require in a detached task, bad") {
    hocket::go({.name = "loader"}, [] {
        INFO("text of the loader");
        hocket::this_fiber::yield();
        REQUIRE(1 == 2);
        FAIL_CHECK("went on after a REQUIRE");
    });
    hocket::this_fiber::sleep_for(1ms);
    CHECK_MESSAGE(true, "the body goes on");
}
FIBER_TEST_CASE("require in a detached task, good") {
    hocket::go([] { REQUIRE(1 == 1); });
}

FIBER_TEST_CASE("require in an async, bad") {
    auto answer = hocket::async([] {
        INFO("text of the async");
        hocket::this_fiber::yield();
        REQUIRE(1 == 2);
        return 42;
    });
    answer.get();
    FAIL_CHECK("went on after a REQUIRE");
}

// The body waits for a task that a REQUIRE has ended.
FIBER_TEST_CASE("require that leaves the body waiting, bad") {
    static hocket::binary_semaphore never(0);
    hocket::go({.name = "giver"}, [] {
        REQUIRE(1 == 2);
        never.release();
    });
    never.acquire();
}

FIBER_TEST_CASE("throw in a detached task, bad") {
    hocket::go({.name = "loader"}, [] {
        INFO("text of the loader");
        hocket::this_fiber::yield();
        throw std::runtime_error("no such file");
    });
}
FIBER_TEST_CASE("throw in a detached task, good") {
    hocket::go([] {
        try {
            INFO("text of the loader");
            hocket::this_fiber::yield();
            throw std::runtime_error("no such file");
        } catch (std::runtime_error const&) {
        }
    });
}
FIBER_TEST_CASE("throw in the body, bad") {
    INFO("text of the body");
    hocket::this_fiber::yield();
    throw std::runtime_error("no such file");
}
FIBER_TEST_CASE("unhandled by the test's own handler, good",
                .runtime = {.on_unhandled = [](std::string_view, std::exception_ptr) {}}) {
    hocket::go([] { throw std::runtime_error("expected"); });
}

// Scopes unwind in many fibers at once; the texts of those whose exception was caught are nobody's.
FIBER_TEST_CASE("unwinding, bad", .workers = {4}) {
    std::vector<hocket::future<void>> all;
    for (int i = 0; i < 64; ++i)
        all.push_back(hocket::async([i] {
            for (int round = 0; round < 50; ++round) try {
                    INFO("stale ", i);
                    throw round;
                } catch (int) {
                    if (round % 10 == 0) hocket::this_fiber::yield();
                }
        }));
    for (auto& f : all) f.get();
    INFO("text of the body");
    throw std::runtime_error("the last one");
}

FIBER_TEST_CASE("leaked fiber, bad", .grace = 50ms) {
    static hocket::binary_semaphore never(0);
    hocket::go({.name = "forgotten"}, [] {
        hocket::this_fiber::arena().allocate(100);
        never.acquire();
    });
    hocket::this_fiber::sleep_for(1ms);
}
FIBER_TEST_CASE("leaked fiber, good") {
    static hocket::binary_semaphore late(0);
    hocket::go([] {
        hocket::this_fiber::arena().allocate(100);
        late.acquire();
    });
    late.release();
}
FIBER_TEST_CASE("leaked fiber, allowed", .tasks_may_outlive_body = true) {
    hocket::go([] { hocket::this_fiber::sleep_for(20ms); });
}

FIBER_TEST_CASE("leaked timer, bad", .grace = 50ms) {
    hocket::go({.name = "much later", .delay = 1h}, [] {});
}
FIBER_TEST_CASE("leaked timer, good") {
    hocket::go({.name = "later", .delay = 5ms}, [] {});
}

FIBER_TEST_CASE("hang, bad", .timeout = 300ms) {
    static hocket::binary_semaphore never(0);
    hocket::go({.name = "also waiting"}, [] { never.acquire(); });
    never.acquire();
}
TEST_CASE("hang without fibers, bad") { std::this_thread::sleep_for(1h); }
FIBER_TEST_CASE("hang, good", .timeout = 10s) { hocket::this_fiber::sleep_for(20ms); }

TEST_SUITE("subcases") {
    FIBER_TEST_CASE("subcases in the body, good") {
        int path = 0;
        SUBCASE("a") {
            hocket::this_fiber::yield();
            path = 1;
        }
        SUBCASE("b") { path = 2; }
        hocket::this_fiber::yield();
        MESSAGE("path ", path);
        CHECK(path > 0);
    }
    FIBER_TEST_CASE("subcase in another fiber, bad") {
        hocket::async([] { SUBCASE("stray") {} }).get();
    }
}

FIBER_TEST_CASE("a text that checks, bad") {
    INFO("text with ", prickly());
    CHECK(3 == 4);
}

TEST_CASE("a runtime of the test's own, bad") {
    hocket::runtime rt(hocket::testing::observed({.workers = 1, .blocking_workers = 1}));
    rt.run(check_beside_a_sleeper, false);
    rt.go({.name = "loader"}, [] { throw std::runtime_error("no such file"); });
    rt.shutdown();
}

TEST_CASE("crash, bad") { std::abort(); }

static int descend(int levels) {
    char volatile frame[1000];
    frame[0] = 1;
    return levels == 0 ? 0 : descend(levels - 1) + frame[0];
}
FIBER_TEST_CASE("overflow, bad") {
    hocket::go({.name = "deep one"}, [] { descend(1 << 16); });
    hocket::this_fiber::sleep_for(1h);
}
FIBER_TEST_CASE("fault, bad") {
    int volatile* volatile nowhere = nullptr;
    *nowhere = 1;
}

FIBER_TEST_CASE("matrix, good", .workers = {1, 2, 4},
                .contexts = {hocket::context_backend::native, hocket::context_backend::boost}) {
    hocket::runtime_stats const s = runtime_under_test().stats();
    MESSAGE("ran with ", s.workers, std::string(s.context == hocket::context_backend::boost ? " boost" : " native"));
}
FIBER_TEST_CASE("seed, good") {
    MESSAGE("seed ", hocket::testing::seed());
}
