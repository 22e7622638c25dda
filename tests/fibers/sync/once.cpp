// hocket::call_once: the contract of std::call_once.
#include <hocket/once.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "crowd.hpp"

using hocket::call_once;
using hocket::once_flag;

static_assert(std::is_nothrow_default_constructible_v<once_flag> && !std::is_copy_constructible_v<once_flag>);

FIBER_TEST_CASE("call_once: one calls, the others wait until it has returned, and see what it did",
                .workers = {1, 2, 4}) {
    for (int round = 0; round < 30; ++round) {
        once_flag flag;
        int calls = 0, result = 0;
        std::atomic<int> wrong{0};
        crowd c;
        auto work = [&](int) {
            call_once(flag, [&] {
                ++calls;
                hocket::this_fiber::sleep_for(std::chrono::microseconds(100));
                result = 7;
            });
            if (result != 7) ++wrong;
        };
        c.fibers(6, work);
        c.threads(2, work);
        c.join();
        CHECK(calls == 1);
        CHECK(wrong.load() == 0);
    }
}

FIBER_TEST_CASE("call_once: a call that throws does not count, and the next one tries", .workers = {1, 2, 4}) {
    once_flag flag;
    std::atomic<int> calls{0}, thrown{0}, through{0};
    crowd c;
    auto work = [&](int) {
        try {
            call_once(flag, [&] {
                int const n = ++calls;
                hocket::this_fiber::yield();
                if (n <= 3) throw std::runtime_error("attempt " + std::to_string(n));
            });
            ++through;
        } catch (std::runtime_error const&) {
            ++thrown;
        }
    };
    c.fibers(6, work);
    c.threads(2, work);
    c.join();
    CHECK(calls.load() == 4);
    CHECK(thrown.load() == 3);
    CHECK(through.load() == 5);
    call_once(flag, [] { FAIL("it was called before"); });
}

FIBER_TEST_CASE("call_once: arguments are forwarded, not copied; members are invoked; flags are apart",
                .workers = {1}) {
    once_flag flag, member, other;
    auto owned = std::make_unique<int>(3);
    int got = 0;
    call_once(flag, [&](std::unique_ptr<int> p, int& to) { to = *p; }, std::move(owned), got);
    CHECK(got == 3);
    CHECK(owned == nullptr);
    auto untouched = std::make_unique<int>(4);
    call_once(flag, [](std::unique_ptr<int>) {}, std::move(untouched));
    CHECK(untouched != nullptr);  // not called, so not moved from
    struct counter {
        int n = 0;
        void add(int k) { n += k; }
    } counted;
    call_once(member, &counter::add, counted, 5);
    call_once(member, &counter::add, &counted, 5);
    CHECK(counted.n == 5);
    call_once(other, [&] { call_once(flag, [] { FAIL("it was called before"); }); });  // another flag within
}
