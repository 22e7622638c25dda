#include <doctest/doctest.h>
#include <string.h>

#include <set>
#include <thread>
#include <vector>

#include "alloc/block_pool.hpp"
#include "child.hpp"

using namespace hocket::detail;

namespace {

// What the runtime does: each thread knows its cache.
thread_local block_cache* my_cache = nullptr;
block_cache* find_cache() noexcept { return my_cache; }

}  // namespace

TEST_CASE("block_pool: sizes are classes, then four a doubling, at most a quarter too large") {
    CHECK(block_pool::size_for(0) == 1024);
    CHECK(block_pool::size_for(1024) == 1024);
    CHECK(block_pool::size_for(1025) == 2048);
    CHECK(block_pool::size_for(64 * 1024) == 64 * 1024);
    CHECK(block_pool::size_for(64 * 1024 + 1) == 80 * 1024);
    CHECK(block_pool::size_for(128 * 1024) == 128 * 1024);
    CHECK(block_pool::size_for(128 * 1024 + 1) == 160 * 1024);
    CHECK(block_pool::size_for(SIZE_MAX) == SIZE_MAX);
    for (std::size_t n = 65'537; n < (std::size_t{1} << 32); n += n / 7) {
        std::size_t const size = block_pool::size_for(n);
        REQUIRE(size >= n);
        REQUIRE(size <= n + n / 4 + 4096);
        REQUIRE(size % 4096 == 0);
        REQUIRE(block_pool::size_for(size) == size);
    }
}

TEST_CASE("block_pool: blocks of every size are aligned, writable, disjoint, counted and reused") {
    block_pool pool;
    struct piece {
        block b;
        unsigned char mark;
    };
    std::vector<piece> all;
    std::size_t sum = 0;
    for (std::size_t n = 1; n < (std::size_t{20} << 20); n += n / 2 + 500) {
        for (int i = 0; i < 3; ++i) {
            block const b = pool.take(n);
            REQUIRE(b.memory != nullptr);
            REQUIRE(b.size == block_pool::size_for(n));
            REQUIRE(reinterpret_cast<std::uintptr_t>(b.memory) % std::min<std::size_t>(b.size, 4096) == 0);
            auto const mark = static_cast<unsigned char>(all.size());
            memset(b.memory, mark, b.size);
            all.push_back({b, mark});
            sum += b.size;
        }
    }
    CHECK(pool.outstanding() == sum);
    for (auto const& [b, mark] : all) {
        auto* const p = static_cast<unsigned char*>(b.memory);
        REQUIRE(p[0] == mark);
        REQUIRE(p[b.size - 1] == mark);
        pool.give(b.memory, b.size);
    }
    CHECK(pool.outstanding() == 0);
    CHECK(pool.mapped() <= sum + (1 << 20));
    // From now on nothing new is mapped.
    std::size_t mapped = 0;
    for (int i = 0; i < 100; ++i) {
        for (std::size_t n = 1000; n < 1'000'000; n *= 3) {
            block const b = pool.take(n);
            pool.give(b.memory, b.size);
        }
        if (i == 0) mapped = pool.mapped();
    }
    CHECK(pool.mapped() == mapped);
}

TEST_CASE("block_pool: large blocks are kept up to a bound") {
    block_pool pool;
    std::vector<block> all;
    for (int i = 0; i < 10; ++i) all.push_back(pool.take(8 << 20));
    CHECK(pool.mapped() == std::size_t{80} << 20);
    for (block const b : all) pool.give(b.memory, b.size);
    CHECK(pool.mapped() == block_pool::large_kept);
    block const huge = pool.take(std::size_t{64} << 20);
    REQUIRE(huge.memory != nullptr);
    pool.give(huge.memory, huge.size);
    CHECK(pool.mapped() == block_pool::large_kept);
    CHECK(pool.take(SIZE_MAX).memory == nullptr);
    CHECK(pool.take(SIZE_MAX / 8).memory == nullptr);
    CHECK(pool.outstanding() == 0);
}

TEST_CASE("block_pool: each large class finds its own list again") {
    block_pool pool;
    for (std::size_t n = 64 * 1024 + 1; n <= 8 << 20;) {
        block const b = pool.take(n);
        pool.give(b.memory, b.size);
        block const again = pool.take(b.size);
        CHECK(again.memory == b.memory);
        block const larger = pool.take(b.size + 1);
        CHECK(larger.memory != b.memory);
        CHECK(larger.size > b.size);
        pool.give(again.memory, again.size);
        pool.give(larger.memory, larger.size);
        n = b.size + 1;
    }
}

TEST_CASE("block_cache: serves its thread, and what it holds goes back with it") {
    block_pool pool(&find_cache);
    std::size_t const mapped_before = pool.mapped();
    {
        block_cache cache(pool);
        my_cache = &cache;
        std::vector<block> all;
        for (int i = 0; i < 100; ++i) all.push_back(pool.take(1024));
        for (int i = 0; i < 5; ++i) all.push_back(pool.take(64 * 1024));
        all.push_back(pool.take(1 << 20));
        CHECK(pool.outstanding() == 100 * 1024 + 5 * 64 * 1024 + (1 << 20));
        for (block const b : all) pool.give(b.memory, b.size);
        CHECK(pool.outstanding() == 0);
        block const again = pool.take(1024);
        pool.give(again.memory, again.size);
        CHECK(again.memory == all[99].memory);
        my_cache = nullptr;
    }
    CHECK(pool.outstanding() == 0);
    CHECK(pool.mapped() > mapped_before);
    // All of them are in the pool now: the same hundred need no new memory.
    std::size_t const mapped = pool.mapped();
    std::set<void*> seen;
    for (int i = 0; i < 100; ++i) CHECK(seen.insert(pool.take(1024).memory).second);
    CHECK(pool.mapped() == mapped);
}

TEST_CASE("block_cache: what it handed out stays counted when it is gone") {
    block_pool pool(&find_cache);
    block b;
    {
        block_cache cache(pool);
        my_cache = &cache;
        b = pool.take(3000);
        my_cache = nullptr;
    }
    CHECK(pool.outstanding() == 4096);
    {
        block_cache cache(pool);
        my_cache = &cache;
        pool.give(b.memory, b.size);
        CHECK(pool.outstanding() == 0);
        my_cache = nullptr;
    }
    CHECK(pool.outstanding() == 0);
}

TEST_CASE("block_cache: that of another pool is left alone") {
    block_pool one(&find_cache);
    block_pool other(&find_cache);
    block_cache cache(other);
    my_cache = &cache;
    block const b = one.take(1);
    CHECK(one.outstanding() == 1024);
    CHECK(other.outstanding() == 0);
    one.give(b.memory, b.size);
    CHECK(one.outstanding() == 0);
    CHECK(other.mapped() == 0);
    my_cache = nullptr;
}

TEST_CASE("block_cache: blocks taken on one thread and given on another balance") {
    block_pool pool;
    pool.use(&find_cache);
    std::vector<block> passed[4];
    for (int round = 0; round < 2; ++round) {
        std::vector<std::thread> threads;
        for (std::size_t t = 0; t < 4; ++t)
            threads.emplace_back([&, t, round] {
                block_cache cache(pool);
                if (t != 3) my_cache = &cache;  // the fourth is a plain thread
                if (round == 0) {
                    for (std::size_t i = 0; i < 2000; ++i) {
                        block const b = pool.take((i * 37 + t) % 90'000 + 1);
                        memset(b.memory, static_cast<int>(t), 64);
                        passed[t].push_back(b);
                        if (i % 3 == 0 || i > 100) {
                            pool.give(passed[t].back().memory, passed[t].back().size);
                            passed[t].pop_back();
                        }
                    }
                } else {
                    for (block const b : passed[(t + 1) % 4]) pool.give(b.memory, b.size);
                }
                my_cache = nullptr;
            });
        for (std::thread& t : threads) t.join();
        if (round == 0) CHECK(pool.outstanding() > 0);
    }
    CHECK(pool.outstanding() == 0);
}
