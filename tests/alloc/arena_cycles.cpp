// What an arena keeps from one cycle to the next, and what it gives back.
#include <string.h>

#include <string>

#include "arena_fixture.hpp"

TEST_CASE_FIXTURE(arena_fixture, "arena: a cycle that repeats settles on one block and maps nothing more") {
    for (std::size_t const count : {5u, 100u, 3000u, 20'000u}) {
        CAPTURE(count);
        arena a(pool, SIZE_MAX);
        auto cycle = [&] {
            for (std::size_t i = 0; i < count; ++i) a.allocate(16 + i % 240);
            a.allocate(count * 20);  // large, when the count is
        };
        cycle();
        a.reset();
        cycle();
        a.reset();
        std::size_t const mapped = pool.mapped();
        std::size_t const held = a.reserved();
        CHECK(held > 0);
        void* first = nullptr;
        for (int i = 0; i < 20; ++i) {
            void* const p = a.allocate(16);
            if (first == nullptr) first = p;
            REQUIRE(p == first);
            cycle();
            REQUIRE(a.reserved() == held);
            a.reset();
            REQUIRE(a.reserved() == held);
        }
        CHECK(pool.mapped() == mapped);
    }
}

TEST_CASE_FIXTURE(arena_fixture, "arena: the memory of a burst fades") {
    arena a(pool, SIZE_MAX);
    a.allocate(1'000'000);
    a.reset();
    a.allocate(100);
    CHECK(a.reserved() >= 1'000'000);
    for (int i = 0; i < 200; ++i) {
        a.allocate(100);
        a.reset();
    }
    a.allocate(100);
    CHECK(a.reserved() <= 4096);
}

TEST_CASE_FIXTURE(arena_fixture, "arena: tasks that come and go use the same few blocks") {
    for (int i = 0; i < 10; ++i) {
        arena a(pool, SIZE_MAX);
        a.allocate(3000);
    }
    std::size_t const mapped = pool.mapped();
    for (int i = 0; i < 10'000; ++i) {
        arena a(pool, SIZE_MAX);
        for (int k = 0; k < 10; ++k) a.allocate(40);
        if (i % 10 == 0) a.allocate(3000);
    }
    CHECK(pool.mapped() == mapped);
    CHECK(pool.outstanding() == 0);
}

TEST_CASE_FIXTURE(arena_fixture, "arena: blocks and large blocks beyond the high-water mark go back at reset") {
    arena a(pool, SIZE_MAX);
    auto const busy = [&] {
        for (int i = 0; i < 1000; ++i) a.allocate(1000);
        a.allocate(2 << 20);
    };
    busy();
    std::size_t const most = pool.outstanding();
    CHECK(most >= std::size_t{3} << 20);
    a.reset();
    CHECK(pool.outstanding() == 0);  // several blocks: none of them is what the next cycle needs
    busy();
    CHECK(pool.outstanding() <= most + most / 2);
    a.reset();
    CHECK(a.reserved() >= std::size_t{3} << 20);  // one block for all of it
    for (int quiet = 0; quiet < 300; ++quiet) {
        a.allocate(100);
        a.reset();
        REQUIRE(pool.outstanding() == a.reserved());
    }
    CHECK(a.reserved() <= 4096);
}

TEST_CASE_FIXTURE(arena_fixture, "arena: a first block is small, and comes from the worker's cache") {
    static hocket::detail::block_cache* of_this_worker;
    hocket::detail::block_cache cache(pool);
    of_this_worker = &cache;
    pool.use([]() noexcept { return of_this_worker; });
    void* first = nullptr;
    for (int task = 0; task < 10; ++task) {
        arena a(pool, SIZE_MAX);
        void* const p = a.allocate(16);
        CHECK(a.reserved() == block_pool::smallest);
        CHECK((first == nullptr || p == first));  // the last that was given back
        first = p;
    }
    pool.use(nullptr);
}

TEST_CASE_FIXTURE(arena_fixture, "arena: what an object's destructor allocates during a reset is taken back too") {
    struct last_words {
        arena& where;
        std::string& log;
        int& spoken;
        ~last_words() {
            where.make<noisy>(log, 'w');
            memset(where.allocate(5000), 1, 5000);
            ++spoken;
        }
    };
    std::string log;
    int spoken = 0;
    arena a(pool, SIZE_MAX);
    for (int i = 0; i < 3; ++i) a.make<last_words>(a, log, spoken);
    a.reset();
    CHECK(spoken == 3);
    CHECK(log == "www");
    CHECK(a.used() == 0);
}
