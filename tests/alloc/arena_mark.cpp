// mark, rewind, scoped_mark.
#include <string.h>

#include <string>

#include "arena_fixture.hpp"

TEST_CASE_FIXTURE(arena_fixture, "arena: rewind destroys and takes back what is younger than the mark, and no more") {
    std::string log;
    arena a(pool, SIZE_MAX);
    a.make<noisy>(log, 'a');
    int& kept = a.make<int>(5);
    for (int round = 0; round < 3; ++round) {
        CAPTURE(round);
        log.clear();
        std::size_t const used = a.used();
        std::size_t const reserved = a.reserved();
        auto const m = a.mark();
        a.make<noisy>(log, 'b');
        if (round >= 1) memset(a.allocate(5000), 1, 5000);        // another block
        if (round == 2) memset(a.allocate(300'000), 2, 300'000);  // a large one
        a.make<noisy>(log, 'c');
        a.rewind(m);
        CHECK(log == "cb");
        CHECK(a.used() == used);
        CHECK(a.reserved() == reserved);
        CHECK(kept == 5);
    }
    log.clear();
    a.reset();
    CHECK(log == "a");
}

TEST_CASE_FIXTURE(arena_fixture, "arena: rewind keeps the large blocks that are older than the mark") {
    arena a(pool, SIZE_MAX);
    auto* const oldest = static_cast<char*>(a.allocate(100'000));
    auto* const older = static_cast<char*>(a.allocate(200'000));
    auto const m = a.mark();
    std::size_t const used = a.used();
    std::size_t const reserved = a.reserved();
    for (int i = 0; i < 3; ++i) {
        memset(oldest, 1, 100'000);
        memset(older, 2, 200'000);
        for (std::size_t n = 100'000; n <= 300'000; n += 100'000) memset(a.allocate(n), 3, n);
        CHECK(oldest[99'999] == 1);
        CHECK(older[0] == 2);
        a.rewind(m);
        CHECK(a.used() == used);
        CHECK(a.reserved() == reserved);
    }
}

TEST_CASE_FIXTURE(arena_fixture, "arena: scoped marks nest, and one older than the first block keeps that block") {
    arena a(pool, SIZE_MAX);
    std::string log;
    {
        arena::scoped_mark const outer(a);
        a.make<noisy>(log, 'o');
        {
            arena::scoped_mark const inner(a);
            a.make<noisy>(log, 'i');
            a.allocate(20'000);
        }
        CHECK(log == "i");
        a.allocate(50'000);
    }
    CHECK(log == "io");
    CHECK(a.used() == 0);
    CHECK(a.reserved() == 1024);
}

TEST_CASE_FIXTURE(arena_fixture, "arena: a mark survives what deallocate takes back on both sides of it") {
    arena a(pool, SIZE_MAX);
    void* const before = a.allocate(64);
    void* const large_before = a.allocate(200'000);
    auto const m = a.mark();
    void* const large_after = a.allocate(200'000);
    a.deallocate(large_after, 200'000);
    a.deallocate(large_before, 200'000);
    a.deallocate(before, 64);  // the cursor is behind the mark now
    int& n = a.make<int>(3);
    a.rewind(m);
    a.allocate(100);
    CHECK(n == 3);  // began before the mark's place: rewinding leaves it alone
    CHECK(a.reserved() == 1024);
}
