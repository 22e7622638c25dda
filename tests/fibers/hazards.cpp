// What goes wrong when a thread's property is taken for a fiber's.
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <hocket/fiber.hpp>
#include <hocket/future.hpp>
#include <hocket/go.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "crowd.hpp"
#include "moving.hpp"

using namespace std::chrono_literals;

FIBER_TEST_CASE("hazards: a fiber that suspends in a catch block, wakes on another worker and rethrows", .workers = {2, 4}) {
    for (int round = 0; round < 10; ++round) {
        std::string inner, outer;
        bool moved = false;
        hocket::fiber f([&] {
            try {
                try {
                    throw std::runtime_error("round " + std::to_string(round));
                } catch (std::runtime_error const& e) {
                    int const before = move_elsewhere();
                    moved = hocket::this_fiber::worker() != before;
                    inner = e.what();
                    throw;
                }
            } catch (std::runtime_error const& e) {
                outer = e.what();
            }
            if (std::current_exception() != nullptr || std::uncaught_exceptions() != 0) outer = "still there";
        });
        f.join();
        CHECK(moved);
        CHECK(inner == "round " + std::to_string(round));
        CHECK(outer == inner);
        CHECK(std::current_exception() == nullptr);
    }
}

FIBER_TEST_CASE("hazards: a destructor that suspends while an exception unwinds, on any worker", .workers = {1, 2, 4}) {
    struct suspends_at_end {
        std::atomic<int>& wrong;
        bool far;
        ~suspends_at_end() {
            if (std::uncaught_exceptions() != 1) wrong.fetch_add(1);
            if (far)
                hocket::blocking([] {});
            else
                hocket::this_fiber::yield();
            if (std::uncaught_exceptions() != 1) wrong.fetch_add(1);
            try {
                hocket::this_fiber::yield();
                throw 5;
            } catch (int) {
                hocket::this_fiber::sleep_for(10us);
                if (std::uncaught_exceptions() != 1) wrong.fetch_add(1);
            }
        }
    };
    std::atomic<int> wrong{0}, caught{0};
    crowd c;
    c.fibers(16, [&](int who) {
        for (int i = 0; i < 20; ++i) {
            try {
                suspends_at_end const s{wrong, i % 2 == 0};
                throw who * 100 + i;
            } catch (int n) {
                if (n != who * 100 + i) wrong.fetch_add(1);
                hocket::this_fiber::yield();
                if (!std::current_exception()) wrong.fetch_add(1);
                caught.fetch_add(1);
            }
            if (std::uncaught_exceptions() != 0 || std::current_exception() != nullptr) wrong.fetch_add(1);
        }
    });
    c.join();
    CHECK(wrong.load() == 0);
    CHECK(caught.load() == 320);
}

FIBER_TEST_CASE("hazards: tasks that are called while a fiber handles an exception see none", .workers = {1, 2, 4}) {
    std::atomic<int> wrong{0}, ran{0};
    try {
        throw 1;
    } catch (int) {
        for (int i = 0; i < 50; ++i)
            hocket::go([&] {
                if (std::current_exception() != nullptr || std::uncaught_exceptions() != 0) wrong.fetch_add(1);
                hocket::this_fiber::yield();
                if (std::current_exception() != nullptr) wrong.fetch_add(1);
                ran.fetch_add(1);
            });
        while (ran.load() != 50) hocket::this_fiber::yield();
        CHECK(std::current_exception() != nullptr);
    }
    CHECK(wrong.load() == 0);
}

FIBER_TEST_CASE("hazards: values in registers survive every kind of suspension", .workers = {1, 2, 4}) {
    std::atomic<int> wrong{0};
    crowd c;
    c.fibers(12, [&](int who) {
        auto compute = [who](bool suspends) {
            std::uint64_t a = static_cast<std::uint64_t>(who) + 1, b = a * 3, d = b ^ 77, e = d + a;
            double x = 0.5 * who, y = x + 1, z = y * 1.5;
            for (int i = 0; i < 60; ++i) {
                if (suspends) {
                    if (i % 3 == 0) hocket::this_fiber::yield();
                    if (i % 3 == 1) hocket::this_fiber::sleep_for(1us);
                    if (i % 3 == 2) hocket::blocking([] {});
                }
                a += e, b ^= a, d = d * 5 + b, e -= d;
                x = y * 0.25 + x, y = z - x * 0.125, z = x + y;
            }
            return static_cast<double>((a ^ b ^ d ^ e) % 1'000'003) + x + y + z;
        };
        if (compute(true) != compute(false)) wrong.fetch_add(1);
    });
    c.join();
    CHECK(wrong.load() == 0);
}
