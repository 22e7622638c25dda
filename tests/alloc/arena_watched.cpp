// What AddressSanitizer, or valgrind's memcheck, sees of a wrong use of an arena's memory. Each misuse happens in a
// child; where neither watches there is nothing to be seen.
#include <memory>
#include <memory_resource>
#include <vector>

#include "arena_fixture.hpp"
#include "child.hpp"

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_COUNT_ERRORS 0
#endif

namespace {

bool is_watched() {
#ifdef HOCKET_ASAN
    return true;
#else
    return RUNNING_ON_VALGRIND != 0;
#endif
}

// Whether misuse(arena) is reported.
bool reported(block_pool& pool, auto misuse) {
    child_end const end = in_child([&] {
        auto a = std::make_unique<arena>(pool, SIZE_MAX);
        auto const before = VALGRIND_COUNT_ERRORS;
        misuse(a);
        if (VALGRIND_COUNT_ERRORS != before) fprintf(stderr, "memcheck saw it\n");
    });
    return end.text.find("use-after-poison") != end.text.npos || end.text.find("memcheck saw it") != end.text.npos;
}

void touch(void* p) { *static_cast<char volatile*>(p) = 1; }

using owned = std::unique_ptr<arena>&;

}  // namespace

TEST_CASE_FIXTURE(arena_fixture, "arena: a watched program may use all that it was given") {
    if (!is_watched()) return;
    CHECK_FALSE(reported(pool, [](owned a) {
        for (std::size_t const bytes : {1u, 10u, 1000u, 5000u, 100'000u})
            for (int round = 0; round < 3; ++round) {
                auto* const p = static_cast<char*>(a->allocate(bytes, 64));
                for (std::size_t i = 0; i < bytes; ++i) touch(p + i);
                arena::scoped_mark const here(*a);
                std::pmr::vector<long> v(bytes / 10, 3, a.get());
                v.resize(v.size() * 2);
                a->make<int>(1);
                if (round == 1) a->deallocate(p, bytes, 64);
            }
        a->reset();
        touch(a->allocate(100));
    }));
}

TEST_CASE_FIXTURE(arena_fixture, "arena: use after reset, rewind, deallocate or end is seen, and so are overruns") {
    if (!is_watched()) return;
    for (std::size_t const bytes : {10u, 3000u, 100'000u}) {
        CAPTURE(bytes);
        CHECK(reported(pool, [bytes](owned a) {
            void* const p = a->allocate(bytes);
            a->reset();
            touch(p);
        }));
        CHECK(reported(pool, [bytes](owned a) {
            a->allocate(10);
            auto const m = a->mark();
            void* const p = a->allocate(bytes);
            a->rewind(m);
            touch(p);
        }));
        CHECK(reported(pool, [bytes](owned a) {
            void* const p = a->allocate(bytes);
            a->allocate(10);
            a->deallocate(p, bytes);
            touch(p);
        }));
        CHECK(reported(pool, [bytes](owned a) {
            void* const p = a->allocate(bytes);
            a->deallocate(p, bytes);
            touch(p);
        }));
        CHECK(reported(pool, [bytes](owned a) { touch(static_cast<char*>(a->allocate(bytes)) + bytes); }));
        CHECK(reported(pool, [bytes](owned a) {
            void* const p = a->allocate(bytes);
            a.reset();
            touch(p);
        }));
    }
}

TEST_CASE_FIXTURE(arena_fixture, "arena: a container that outlives its arena, or a reset, is seen") {
    if (!is_watched()) return;
    CHECK(reported(pool, [](owned a) {
        std::pmr::vector<int> v(100, 1, a.get());
        a->reset();
        v[3] = 2;
    }));
    CHECK(reported(pool, [](owned a) {
        std::pmr::vector<int> v(100, 1, a.get());
        a.reset();
        int volatile const sum = v[3] + v[99];
        if (sum == 2) fprintf(stderr, "it is still there\n");
    }));
}

#if __has_include(<valgrind/memcheck.h>)
TEST_CASE_FIXTURE(arena_fixture, "arena: under valgrind what it hands out is undefined, also the second time") {
    if (RUNNING_ON_VALGRIND == 0) return;
    arena a(pool, SIZE_MAX);
    unsigned char bits[16];
    for (int round = 0; round < 2; ++round) {
        auto* const p = static_cast<unsigned char*>(a.allocate(16));
        REQUIRE(VALGRIND_GET_VBITS(p, bits, sizeof bits) == 1);
        CHECK(bits[0] != 0);
        p[0] = 1;
        REQUIRE(VALGRIND_GET_VBITS(p, bits, sizeof bits) == 1);
        CHECK(bits[0] == 0);
        a.reset();
        CHECK(VALGRIND_GET_VBITS(p, bits, sizeof bits) == 3);  // no access
    }
}
#endif
