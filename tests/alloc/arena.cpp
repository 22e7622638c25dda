#include <doctest/doctest.h>
#include <string.h>

#include <hocket/arena.hpp>
#include <list>
#include <map>
#include <memory_resource>
#include <string>
#include <thread>
#include <vector>

#include "alloc/block_pool.hpp"
#include "child.hpp"

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif

using hocket::arena;
using hocket::detail::block_pool;

namespace {

// Under AddressSanitizer each allocation has a red zone.
#ifdef HOCKET_ASAN
constexpr bool padded = true;
#else
constexpr bool padded = false;
#endif

// Every test ends with all blocks back in its pool.
struct fixture {
    block_pool pool;
    ~fixture() { CHECK(pool.outstanding() == 0); }
};

// Notes its destruction.
struct noisy {
    std::string& log;
    char name;
    noisy(std::string& l, char n) : log(l), name(n) {}
    noisy(noisy const&) = delete;
    ~noisy() { log += name; }
};

std::string what_of(auto&& body) {
    try {
        body();
    } catch (std::bad_alloc const& e) {
        return e.what();
    }
    return "nothing thrown";
}

}  // namespace

TEST_CASE_FIXTURE(fixture, "arena: small, and takes nothing before its first allocation") {
    CHECK(sizeof(arena) <= 64);
    {
        arena a(pool, SIZE_MAX);
        a.reset();
        a.rewind(a.mark());
        CHECK(a.used() == 0);
        CHECK(a.reserved() == 0);
    }
    CHECK(pool.mapped() == 0);
}

TEST_CASE_FIXTURE(fixture, "arena: what it hands out is aligned, disjoint and writable, at every size and alignment") {
    arena a(pool, SIZE_MAX);
    struct piece {
        unsigned char* p;
        std::size_t bytes;
        unsigned char mark;
    };
    std::vector<piece> all;
    unsigned random = 1;
    for (int i = 0; i < 3000; ++i) {
        random = random * 1'664'525 + 1'013'904'223;
        std::size_t const align = std::size_t{1} << (random >> 28) % 13;
        std::size_t bytes = (random >> 8) % 200;
        if (i % 100 == 0) bytes *= 100;
        if (i % 500 == 0) bytes = 100'000 + (random >> 12) % 300'000;
        auto* const p = static_cast<unsigned char*>(a.allocate(bytes, align));
        REQUIRE(p != nullptr);
        REQUIRE(reinterpret_cast<std::uintptr_t>(p) % align == 0);
        memset(p, i, bytes);
        all.push_back({p, bytes, static_cast<unsigned char>(i)});
    }
    for (auto const& [p, bytes, mark] : all)
        for (std::size_t b = 0; b < bytes; ++b) REQUIRE(p[b] == mark);
    CHECK(pool.outstanding() == a.reserved());
    CHECK(a.used() < a.reserved());
    CHECK(a.allocate(0) != a.allocate(0));
    CHECK(a.allocate(1, 4096) != nullptr);
}

TEST_CASE_FIXTURE(fixture, "arena: used counts what was handed out, over blocks and large blocks") {
    arena a(pool, SIZE_MAX);
    if (padded) return;
    std::size_t sum = 0;
    for (std::size_t n = 16; n < 400'000; n += 16 * (n / 64 + 1)) {
        a.allocate(n);
        sum += n;
        REQUIRE(a.used() >= sum);
    }
    CHECK(a.used() == sum);
    CHECK(a.reserved() > sum);
    a.reset();
    CHECK(a.used() == 0);
}

TEST_CASE_FIXTURE(fixture, "arena: reset and the destructor destroy in reverse order; trivial types cost nothing") {
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

TEST_CASE_FIXTURE(fixture, "arena: over-aligned objects and aggregates") {
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

TEST_CASE_FIXTURE(fixture, "arena: an object whose constructor makes another outlives nothing it uses") {
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

TEST_CASE_FIXTURE(fixture, "arena: a constructor that throws leaves neither memory nor destructor behind") {
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

TEST_CASE_FIXTURE(fixture, "arena: spans are value-initialised") {
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

TEST_CASE_FIXTURE(fixture, "arena: rewind destroys and takes back what is younger than the mark, and no more") {
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

TEST_CASE_FIXTURE(fixture, "arena: rewind keeps the large blocks that are older than the mark") {
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

TEST_CASE_FIXTURE(fixture, "arena: scoped marks nest, and one older than the first block keeps that block") {
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

TEST_CASE_FIXTURE(fixture, "arena: a mark survives what deallocate takes back on both sides of it") {
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

TEST_CASE_FIXTURE(fixture, "arena: deallocate takes back the last block only") {
    arena a(pool, SIZE_MAX);
    void* const first = a.allocate(64, 8);
    void* const second = a.allocate(64, 8);
    a.deallocate(first, 64, 8);
    void* const third = a.allocate(64, 8);
    CHECK(third != first);
    a.deallocate(third, 64, 8);
    CHECK(a.allocate(64, 8) == third);
    a.deallocate(third, 64, 8);
    a.deallocate(second, 64, 8);
    CHECK(a.allocate(64, 8) == second);
}

TEST_CASE_FIXTURE(fixture, "arena: a growing container gives its large blocks back") {
    arena a(pool, SIZE_MAX);
    std::size_t most = 0;
    {
        std::pmr::vector<char> v(&a);
        while (v.size() < (8 << 20)) {
            v.push_back('x');
            most = std::max(most, a.reserved());
        }
    }
    CHECK(most <= std::size_t{15} << 20);  // old and new: not the sum of all sizes
    CHECK(a.reserved() < 256 * 1024);
}

TEST_CASE_FIXTURE(fixture, "arena: standard containers live in it") {
    arena a(pool, SIZE_MAX);
    auto& names = a.make<std::pmr::map<int, std::pmr::string>>(&a);
    std::pmr::list<std::pmr::vector<int>> lists(&a);
    for (int i = 0; i < 1000; ++i) {
        names[i] = "a name that is too long for the small string buffer " + std::to_string(i);
        lists.emplace_back(static_cast<std::size_t>(i % 50), i);
    }
    CHECK(names.size() == 1000);
    CHECK(names[999].ends_with(" 999"));
    CHECK(lists.back().size() == 49);
    CHECK(lists.get_allocator().resource()->is_equal(a));
    arena other(pool, SIZE_MAX);
    CHECK_FALSE(other.is_equal(a));
    lists.clear();
}

TEST_CASE_FIXTURE(fixture, "arena: the limit is kept, says so, and nothing else is lost") {
    arena a(pool, 100'000);
    int& kept = a.make<int>(9);
    std::string const text = what_of([&] { a.allocate(200'000); });
    CHECK(text.find("100000") != std::string::npos);
    CHECK(text.find("200000") != std::string::npos);
    CHECK(text.find("limit") != std::string::npos);
    std::size_t n = 0;
    std::string const small = what_of([&] {
        for (;;) {
            a.allocate(1000);
            ++n;
        }
    });
    CHECK(small.find("1000 bytes asked") != std::string::npos);
    CHECK(n > 80);  // near the limit it takes smaller blocks rather than none
    CHECK(a.reserved() <= 100'000);
    CHECK(kept == 9);
    a.reset();
    a.allocate(20'000);
    CHECK_THROWS_AS(arena(pool, 0).allocate(1), std::bad_alloc);
    CHECK_THROWS_AS(arena(pool, 1023).allocate(1), std::bad_alloc);
    arena tight(pool, 4096);
    CHECK_THROWS_AS(tight.allocate(60'000), std::bad_alloc);
    CHECK(tight.reserved() == 0);
    CHECK(tight.allocate(1) != nullptr);
}

TEST_CASE("arena: without memory it throws, says so, and nothing else is lost") {
    if (sanitized()) return;
    child_end const end = in_child([] {
        arena a;
        int& kept = a.make<int>(9);
        limit_address_space(std::size_t{64} << 20);
        std::string const large = what_of([&] { a.allocate(std::size_t{1} << 30); });
        require_in_child(large.find("no memory for 1073741824 bytes") != std::string::npos, large.c_str());
        std::string const small = what_of([&] {
            for (;;) a.allocate(1000);
        });
        require_in_child(small.find("no memory for 1000 bytes") != std::string::npos, small.c_str());
        require_in_child(kept == 9, "an older object changed");
        a.reset();
        require_in_child(a.allocate(1000) != nullptr, "none after the reset");
    });
    CHECK(end.text == "");
    CHECK(end.signal == 0);
    CHECK(end.code == 0);
}

TEST_CASE_FIXTURE(fixture, "arena: a cycle that repeats settles on one block and maps nothing more") {
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

TEST_CASE_FIXTURE(fixture, "arena: the memory of a burst fades") {
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

TEST_CASE_FIXTURE(fixture, "arena: tasks that come and go use the same few blocks") {
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

TEST_CASE("arena: one of its own stands over the common pool") {
    std::size_t const before = block_pool::common().outstanding();
    {
        arena a;
        a.allocate(10);
        CHECK(block_pool::common().outstanding() == before + 1024);
    }
    CHECK(block_pool::common().outstanding() == before);
}

TEST_CASE_FIXTURE(fixture, "arena: it may move to another thread, and one a thread may share a pool") {
    arena a(pool, SIZE_MAX);
    std::string log;
    std::thread([&] { a.make<noisy>(log, 't'); }).join();
    std::thread([&] { a.reset(); }).join();
    CHECK(log == "t");
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([this] {
            arena mine(pool, SIZE_MAX);
            for (int i = 0; i < 300; ++i) {
                for (int k = 0; k < 30; ++k) memset(mine.allocate(100), k, 100);
                mine.reset();
                arena other(pool, SIZE_MAX);
                other.allocate(70'000);
            }
        });
    for (std::thread& t : threads) t.join();
}

#if __has_include(<valgrind/memcheck.h>)
TEST_CASE_FIXTURE(fixture, "arena: under valgrind what it hands out again is undefined again") {
    if (RUNNING_ON_VALGRIND == 0) return;
    arena a(pool, SIZE_MAX);
    auto undefined = [](void* p) {
        unsigned char bits[16];
        REQUIRE(VALGRIND_GET_VBITS(p, bits, sizeof bits) == 1);
        return bits[0] != 0;
    };
    void* const p = a.allocate(16);
    CHECK(undefined(p));
    memset(p, 1, 16);
    CHECK_FALSE(undefined(p));
    a.reset();
    CHECK(undefined(p));
}
#endif

#ifdef HOCKET_ASAN
TEST_CASE_FIXTURE(fixture, "arena: AddressSanitizer sees use after reset, rewind, deallocate or end, and overruns") {
    auto report = [this](auto misuse) {
        return in_child([&] {
            arena a(pool, SIZE_MAX);
            misuse(a);
        });
    };
    auto touch = [](void* p) { *static_cast<char volatile*>(p) = 1; };

    // The control: nothing wrong, nothing reported.
    CHECK(report([&](arena& a) { touch(a.allocate(10)); }).code == 0);

    auto const expect = [](child_end const& end) {
        CHECK(end.code != 0);
        CHECK(end.text.find("use-after-poison") != std::string::npos);
    };
    expect(report([&](arena& a) {
        void* const p = a.allocate(10);
        a.reset();
        touch(p);
    }));
    expect(report([&](arena& a) {
        a.allocate(10);
        auto const m = a.mark();
        void* const p = a.allocate(10);
        a.rewind(m);
        touch(p);
    }));
    expect(report([&](arena& a) {
        void* const p = a.allocate(10);
        a.allocate(10);
        a.deallocate(p, 10);
        touch(p);
    }));
    expect(report([&](arena& a) { touch(static_cast<char*>(a.allocate(10)) + 10); }));
    expect(report([&](arena& a) { touch(static_cast<char*>(a.allocate(100'000)) + 100'000); }));
    expect(report([&](arena& a) {
        void* const p = a.allocate(10);
        a.~arena();
        touch(p);
    }));
    // A container that outlives the memory it lives in.
    expect(report([&](arena& a) {
        std::pmr::vector<int> v(100, 1, &a);
        a.reset();
        v[3] = 2;
    }));
}
#endif
