// Tasks with a floating-point control state of their own: it goes with them, and never with others.
#include <hocket/launch.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <cfenv>
#include <chrono>
#include <hocket/hocket.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "in_runtimes.hpp"

using namespace std::chrono_literals;
using hocket::launch;
namespace this_fiber = hocket::this_fiber;

namespace {

constexpr launch own{.own_fp_control = true};

// What the processor does; volatile, so that no compiler does it before.
[[gnu::noinline]] double third() {
    double volatile one = 1, three = 3;
    return one / three;
}
[[gnu::noinline]] float half_of_smallest() {
    float volatile smallest = 1.17549435e-38f, half = 0.5f;
    return smallest * half;
}
double third_rounded(int mode) {
    int const before = std::fegetround();
    std::fesetround(mode);
    double const x = third();
    std::fesetround(before);
    return x;
}

bool flushes() { return half_of_smallest() == 0; }
void flush([[maybe_unused]] bool yes) {
#if defined(__x86_64__)
    _mm_setcsr(yes ? _mm_getcsr() | 0x8040u : _mm_getcsr() & ~0x8040u);
#endif
}

}  // namespace

TEST_CASE("own fp: a rounding mode goes with its fiber over every kind of suspension, and nobody else sees it") {
    double const up = third_rounded(FE_UPWARD), nearest = third(), down = third_rounded(FE_DOWNWARD);
    REQUIRE(up > down);
    in_runtimes([=] {
        hocket::scope all;
        std::atomic<int> wrong{0};
        hocket::channel<int> c;
        hocket::mutex m;
        std::atomic<int> plain_turns{0};
        for (int i = 0; i < 8; ++i) {
            int const mode = i % 3 == 0 ? FE_UPWARD : i % 3 == 1 ? FE_DOWNWARD : FE_TOWARDZERO;
            double const wanted = mode == FE_UPWARD ? up : down;
            auto const body = [&, mode, wanted, i] {
                wrong += third() == nearest ? 0 : 1;
                std::fesetround(mode);
                for (int turn = 0; turn < 50; ++turn) {
                    switch ((turn + i) % 6) {
                        case 0: this_fiber::yield(); break;
                        case 1: this_fiber::sleep_for(10us); break;
                        case 2: {
                            std::lock_guard const held(m);
                            this_fiber::yield();
                            break;
                        }
                        case 3: wrong += hocket::blocking([] { return third(); }) == nearest ? 0 : 1; break;
                        case 4: hocket::async([] {}).get(); break;
                        default: try { throw std::runtime_error("to be caught");
                            } catch (std::runtime_error const&) {
                                this_fiber::yield();
                            }
                    }
                    wrong += third() == wanted && std::fegetround() == mode ? 0 : 1;
                }
                // It is not put back: that is the point.
            };
            all.spawn(own, body);
            all.spawn([&] {
                for (int turn = 0; turn < 100; ++turn) {
                    wrong += third() == nearest && std::fegetround() == FE_TONEAREST ? 0 : 1;
                    plain_turns.fetch_add(1);
                    this_fiber::yield();
                }
            });
        }
        all.join();
        CHECK(wrong.load() == 0);
        CHECK(plain_turns.load() == 800);
        CHECK(std::fegetround() == FE_TONEAREST);
    });
}

TEST_CASE("own fp: it begins as its spawner's is, whoever runs it, and wherever it has been spawned") {
    double const up = third_rounded(FE_UPWARD), nearest = third();
    for_runtimes([=](hocket::runtime_options options) {
        hocket::runtime rt(options);
        std::atomic<int> as_spawned{0};
        std::fesetround(FE_UPWARD);
        rt.go(own, [&] { as_spawned += third() == up ? 1 : 0; });
        rt.go({.delay = 1ms, .own_fp_control = true}, [&] { as_spawned += third() == up ? 1 : 0; });
        rt.go({.stack_size = 256 * 1024, .own_fp_control = true}, [&] { as_spawned += third() == up ? 1 : 0; });
        rt.go_blocking(own, [&] { as_spawned += third() == up ? 1 : 0; });
        rt.go([&] { as_spawned += third() == nearest ? 1 : 0; });
        // The caller is worker 0 meanwhile, as all others are; then it is itself again.
        rt.run([&] {
            as_spawned += third() == nearest ? 1 : 0;
            hocket::fiber f(own, [&] {
                std::fesetround(FE_UPWARD);
                hocket::go(own, [&] { as_spawned += third() == up ? 1 : 0; });
                hocket::go([&] { as_spawned += third() == nearest ? 1 : 0; });
                auto x = hocket::async(own, [] { return third(); });
                as_spawned += x.get() == up ? 1 : 0;
            });
            f.join();
        });
        CHECK(std::fegetround() == FE_UPWARD);
        std::fesetround(FE_TONEAREST);
        rt.shutdown();
        CHECK(as_spawned.load() == 9);
    });
}

TEST_CASE("own fp: the jobs of such a task begin with its state, whoever runs them") {
    double const up = third_rounded(FE_UPWARD);
    in_runtimes([=] {
        auto all = hocket::async(own, [=] {
            std::fesetround(FE_UPWARD);
            std::atomic<int> right{0};
            auto const look = [&] { right += third() == up ? 1 : 0; };
            for (int i = 0; i < 20; ++i)
                hocket::parallel_invoke(
                    look, [&] { hocket::parallel_invoke(look, look); }, look);
            std::vector<int> const many(500, 1);
            hocket::parallel_for(0, 500, 1, [&](int) {
                look();
                if (right.load() % 64 == 0) this_fiber::yield();
            });
            CHECK(std::fegetround() == FE_UPWARD);
            return right.load();
        });
        CHECK(all.get() == 20 * 4 + 500);
        CHECK(std::fegetround() == FE_TONEAREST);
    });
}

#if defined(__x86_64__)
TEST_CASE("own fp: flushing denormals stays with who asked for it, also when he ends by an exception") {
    in_runtimes([] {
        REQUIRE_FALSE(flushes());
        hocket::scope s;
        s.spawn(own, [] {
            flush(true);
            this_fiber::yield();
            CHECK(flushes());
            throw std::runtime_error("with it set");
        });
        for (int i = 0; i < 20; ++i)
            s.spawn([] {
                CHECK_FALSE(flushes());
                this_fiber::yield();
                CHECK_FALSE(flushes());
            });
        CHECK_THROWS_AS(s.join(), std::runtime_error);
        CHECK_FALSE(flushes());
    });
}
#endif
