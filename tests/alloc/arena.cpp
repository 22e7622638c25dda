#include <string.h>

#include <list>
#include <map>
#include <memory_resource>
#include <string>
#include <thread>
#include <vector>

#include "arena_fixture.hpp"
#include "child.hpp"

namespace {

std::string what_of(auto&& body) {
    try {
        body();
    } catch (std::bad_alloc const& e) {
        return e.what();
    }
    return "nothing thrown";
}

}  // namespace

TEST_CASE_FIXTURE(arena_fixture, "arena: small, and takes nothing before its first allocation") {
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

TEST_CASE_FIXTURE(arena_fixture,
                  "arena: what it hands out is aligned, disjoint and writable, at every size and alignment") {
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

TEST_CASE_FIXTURE(arena_fixture, "arena: used counts what was handed out, over blocks and large blocks") {
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

TEST_CASE_FIXTURE(arena_fixture, "arena: deallocate takes back the last block only") {
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

TEST_CASE_FIXTURE(arena_fixture, "arena: a growing container gives its large blocks back") {
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

TEST_CASE_FIXTURE(arena_fixture, "arena: standard containers live in it") {
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

TEST_CASE_FIXTURE(arena_fixture, "arena: the limit is kept, says so, and nothing else is lost") {
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

TEST_CASE("arena: one of its own stands over the common pool") {
    std::size_t const before = block_pool::common().outstanding();
    {
        arena a;
        a.allocate(10);
        CHECK(block_pool::common().outstanding() == before + 1024);
    }
    CHECK(block_pool::common().outstanding() == before);
}

TEST_CASE_FIXTURE(arena_fixture, "arena: it may move to another thread, and one a thread may share a pool") {
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
