// What make() and make_span() make.
#include <string.h>

#include <new>
#include <string>

#include "arena_fixture.hpp"

TEST_CASE_FIXTURE(arena_fixture,
                  "arena: reset and the destructor destroy in reverse order; trivial types cost nothing") {
    std::string log;
    {
        arena a(pool, SIZE_MAX);
        a.make<noisy>(log, 'a');
        int& n = a.make<int>(7);
        CHECK(n == 7);
        for (char c = 'b'; c <= 'e'; ++c) a.make<noisy>(log, c);
        a.reset();
        CHECK(log == "edcba");
        a.reset();
        CHECK(log == "edcba");
        log.clear();
        a.make<noisy>(log, 'x');
        a.make<noisy>(log, 'y');
        if (!padded) {
            std::size_t const before = a.used();
            a.make<int>(1);
            CHECK(a.used() == before + sizeof(int));
        }
    }
    CHECK(log == "yx");
}

TEST_CASE_FIXTURE(arena_fixture, "arena: over-aligned objects and aggregates") {
    struct alignas(1024) wide {
        std::string text;
        int n;
    };
    arena a(pool, SIZE_MAX);
    a.make<char>('c');
    wide& w = a.make<wide>(std::string(100, 'w'), 3);
    CHECK(reinterpret_cast<std::uintptr_t>(&w) % 1024 == 0);
    CHECK(w.text.size() == 100);
    CHECK(w.n == 3);
}

TEST_CASE_FIXTURE(arena_fixture, "arena: an object whose constructor makes another outlives nothing it uses") {
    struct owner {
        noisy& part;
        std::string& log;
        owner(arena& a, std::string& l) : part(a.make<noisy>(l, 'p')), log(l) {}
        ~owner() { log += part.name == 'p' ? 'o' : '?'; }
    };
    std::string log;
    arena a(pool, SIZE_MAX);
    a.make<owner>(a, log);
    a.reset();
    CHECK(log == "op");
}

TEST_CASE_FIXTURE(arena_fixture, "arena: a constructor that throws leaves neither memory nor destructor behind") {
    struct bad {
        noisy member;
        explicit bad(std::string& log) : member(log, 'm') { throw 42; }
    };
    struct plain {
        long a[4];
        plain() { throw 43; }
    };
    std::string log;
    arena a(pool, SIZE_MAX);
    a.make<noisy>(log, 'k');
    std::size_t const used = a.used();
    CHECK_THROWS_AS(a.make<bad>(log), int);
    CHECK(log == "m");
    CHECK_THROWS_AS(a.make<plain>(), int);
    CHECK_THROWS_AS(a.make_span<plain>(3), int);
    CHECK(a.used() == used);
    a.reset();
    CHECK(log == "mk");
}

TEST_CASE_FIXTURE(arena_fixture, "arena: spans are value-initialised") {
    arena a(pool, SIZE_MAX);
    memset(a.allocate(900), 0xff, 900);
    a.reset();
    auto const s = a.make_span<int>(200);
    CHECK(s.size() == 200);
    for (int const n : s) REQUIRE(n == 0);
    CHECK(a.make_span<double>(0).empty());
    CHECK_THROWS_AS(a.make_span<int>(SIZE_MAX / 2), std::bad_alloc);
    CHECK_THROWS_AS(a.make_span<char>(SIZE_MAX), std::bad_alloc);
    CHECK_THROWS_AS(a.allocate(SIZE_MAX), std::bad_alloc);
    CHECK_THROWS_AS(a.allocate(SIZE_MAX - 4096, 4096), std::bad_alloc);
    CHECK_THROWS_AS(a.allocate(SIZE_MAX / 2 + 1), std::bad_alloc);
}
