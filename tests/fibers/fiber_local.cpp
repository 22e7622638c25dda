// hocket::fiber_local.
#include <hocket/fiber_local.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <hocket/hocket.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "in_runtimes.hpp"

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

namespace {

struct request {
    int number = 0;
    std::shared_ptr<int> alive;
};
hocket::fiber_local<request> inherited_request{hocket::inherited};
hocket::fiber_local<int> own_number;

}  // namespace

TEST_CASE("fiber_local: an inherited one is copied into every child when that is spawned, and is the child's own") {
    in_runtimes([] {
        auto const alive = std::make_shared<int>(0);
        {
            hocket::scope all;
            // Nobody has one yet.
            all.spawn([] { CHECK(inherited_request.get_if() == nullptr); });
            inherited_request->number = 7;
            inherited_request->alive = alive;
            *own_number = 1;
            auto const look = [](int wanted) {
                CHECK(inherited_request->number == wanted);
                CHECK(own_number.get_if() == nullptr);
            };
            all.spawn([&] {
                look(7);
                inherited_request->number = 8;
                hocket::async(look, 8).get();
                hocket::fiber(look, 8).join();
                hocket::fiber({.name = "named"}, look, 8).join();
                hocket::fiber({.stack_size = 128 * 1024, .own_fp_control = true}, look, 8).join();
                hocket::blocking([&] { look(8); });
            });
            all.spawn({.delay = std::chrono::milliseconds(1)}, look, 7);
            inherited_request->number = 9;  // too late for those
            std::atomic<int> looked{0};
            auto const job = [&] {
                look(9);
                inherited_request->number = 10;
                ++looked;
            };
            hocket::parallel_invoke([] { CHECK(inherited_request->number == 9); }, job, job);
            hocket::parallel_for(0, 50, 1, [&](int i) {
                if (i % 7 == 0) hocket::this_fiber::yield();
                ++looked;
            });
            CHECK(looked.load() == 52);
            CHECK(inherited_request->number == 9);
            all.join();
        }
        inherited_request->alive = nullptr;
        CHECK(alive.use_count() == 1);
    });
}

TEST_CASE("fiber_local: what copying throws, the spawn throws; a child that is not spawned keeps nothing") {
    struct picky {
        picky() = default;
        picky(picky const& other) : refuses(other.refuses), alive(other.alive) {
            if (refuses) throw std::runtime_error("not to be copied");
        }
        bool refuses = false;
        std::shared_ptr<int> alive;
    };
    struct refuses_to_move {
        refuses_to_move() = default;
        refuses_to_move(refuses_to_move const&) { throw std::runtime_error("the closure cannot be made"); }
        void operator()() const {}
    };
    static hocket::fiber_local<request> first{hocket::inherited};
    static hocket::fiber_local<picky> second{hocket::inherited};
    in_runtimes([] {
        auto const alive = std::make_shared<int>(0);
        first->alive = alive;
        second->alive = alive;
        refuses_to_move const f;
        CHECK_THROWS_WITH_AS(hocket::go(f), "the closure cannot be made", std::runtime_error);
        second->refuses = true;
        CHECK_THROWS_WITH_AS(hocket::go([] {}), "not to be copied", std::runtime_error);
        CHECK_THROWS_WITH_AS(hocket::go({.name = "n"}, [] {}), "not to be copied", std::runtime_error);
        CHECK(alive.use_count() == 3);
        second->refuses = false;
        CHECK(hocket::async([&] { return alive.use_count(); }).get() == 5);
        first->alive = second->alive = nullptr;
        CHECK(alive.use_count() == 1);
    });
}

TEST_CASE("fiber_local: keys of variables that are gone are used again; with many, each is found at once") {
    in_runtimes([] {
        for (int round = 0; round < 20; ++round) {
            std::vector<std::unique_ptr<hocket::fiber_local<int>>> many;
            for (int i = 0; i < 500; ++i) many.push_back(std::make_unique<hocket::fiber_local<int>>());
            hocket::async([&] {
                for (int i = 499; i >= 0; --i) **many[static_cast<std::size_t>(i)] = i;
                int wrong = 0;
                for (int i = 0; i < 500; ++i) wrong += **many[static_cast<std::size_t>(i)] != i;
                CHECK(wrong == 0);
            }).get();
        }
    });
    CHECK(hocket::detail::new_local_key() < 2'000);
}

TEST_CASE("fiber_local: the first callable of parallel_invoke is the caller, also in what it passes on") {
    in_runtimes([] {
        hocket::async([] {
            inherited_request->number = 7;
            hocket::parallel_invoke(
                [] {
                    hocket::async([] { CHECK(inherited_request->number == 7); }).get();
                    hocket::parallel_invoke([] { CHECK(inherited_request->number == 7); },
                                            [] { CHECK(inherited_request->number == 7); });
                    inherited_request->number = 8;
                },
                [] {});
            CHECK(inherited_request->number == 8);
        }).get();
        // Made in there, where it runs as a task of its own: the caller passes it on afterwards.
        hocket::async({.own_fp_control = true}, [] {
            hocket::parallel_invoke([] { inherited_request->number = 9; }, [] {});
            hocket::async([] { CHECK(inherited_request->number == 9); }).get();
        }).get();
        // What the first makes after the fork the second does not see, whoever runs it.
        for (int i = 0; i < 20; ++i)
            hocket::async([i] {
                hocket::parallel_invoke([] { inherited_request->number = 5; },
                                        [] { CHECK(inherited_request->number == 0); });
                if (i % 2 == 0) hocket::this_fiber::yield();
            }).get();
    });
}
