// hocket::fiber_local.
#include <hocket/fiber_local.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <hocket/fiber.hpp>
#include <hocket/future.hpp>
#include <hocket/go.hpp>
#include <hocket/launch.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "clean.hpp"

namespace {

// Where the ends of things are noted, by name.
std::string* ends = nullptr;

template <char Name>
struct noted {
    int value = 0;
    ~noted() {
        if (ends != nullptr) *ends += Name;
    }
};

hocket::fiber_local<int> number;
hocket::fiber_local<noted<'a'>> first;
hocket::fiber_local<noted<'b'>> second;
hocket::fiber_local<noted<'c'>> third;

struct looks_at_another {
    ~looks_at_another() {
        *ends += 'x';
        first.get().value = 1;  // makes it, when this task had none
    }
};
hocket::fiber_local<looks_at_another> curious;

struct cannot_be_made {
    cannot_be_made() { throw std::runtime_error("no"); }
};
hocket::fiber_local<cannot_be_made> impossible;

}  // namespace

FIBER_TEST_CASE("fiber_local: each task has its own, value-initialised, and takes it along", .workers = {1, 2, 4}) {
    CHECK(number.get_if() == nullptr);
    CHECK(*number == 0);
    *number = 1000;
    std::vector<hocket::future<bool>> all;
    for (int i = 1; i <= 30; ++i)
        all.push_back(hocket::async([i] {
            bool ok = number.get_if() == nullptr && *number == 0;
            *number = i;
            for (int k = 0; k < 10; ++k) {
                hocket::this_fiber::yield();
                hocket::blocking([] {});
                ok = ok && number.get() == i && number.get_if() == &*number;
            }
            return ok;
        }));
    for (auto& f : all) CHECK(f.get());
    CHECK(*number == 1000);
}

FIBER_TEST_CASE("fiber_local: the last constructed goes first, after the closure and before the arena", .workers = {1, 2, 4}) {
    std::string order;
    ends = &order;
    struct in_closure {
        bool moved_from = false;
        in_closure() = default;
        in_closure(in_closure&& other) noexcept { other.moved_from = true; }
        ~in_closure() {
            if (!moved_from) *ends += 'F';
        }
    };
    hocket::async([f = in_closure()] {
        hocket::this_fiber::arena().make<noted<'1'>>();
        second.get().value = 1;
        hocket::this_fiber::arena().make<noted<'2'>>();
        third.get().value = 1;
        hocket::this_fiber::yield();
        first->value = 1;
    }).get();
    CHECK(order == "Facb21");
    order.clear();
    CHECK_THROWS(hocket::async([] {
        second.get();
        hocket::this_fiber::arena().make<noted<'1'>>();
        throw 1;
    }).get());
    CHECK(order == "b1");
    order.clear();
    hocket::async([] { curious.get(); }).get();
    CHECK(order == "xa");
    ends = nullptr;
}

FIBER_TEST_CASE("fiber_local: a constructor that throws leaves none", .workers = {1, 2}) {
    hocket::async([] {
        CHECK_THROWS_AS(impossible.get(), std::runtime_error);
        CHECK(impossible.get_if() == nullptr);
        CHECK_THROWS_AS(impossible.get(), std::runtime_error);
    }).get();
}

FIBER_TEST_CASE("fiber_local: great alignment is kept", .workers = {1}) {
    struct alignas(256) wide {
        char c = 0;
    };
    static hocket::fiber_local<wide> w;
    CHECK(reinterpret_cast<std::uintptr_t>(&w.get()) % 256 == 0);
}

TEST_CASE("fiber_local: outside a task there is none") {
    CHECK(number.get_if() == nullptr);
    CHECK_THROWS_WITH_AS(number.get(), doctest::Contains("outside a task"), hocket::no_runtime);
}
