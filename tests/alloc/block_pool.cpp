#include <doctest/doctest.h>
#include <string.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
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

namespace {

// Bytes of [p, p + bytes) that have memory under them.
std::size_t in_memory(void const* p, std::size_t bytes) {
    auto const page = reinterpret_cast<std::uintptr_t>(p) & ~std::uintptr_t{4095};
    std::vector<unsigned char> map((reinterpret_cast<std::uintptr_t>(p) + bytes - page + 4095) / 4096);
    REQUIRE(mincore(reinterpret_cast<void*>(page), map.size() * 4096, map.data()) == 0);
    std::size_t n = 0;
    for (unsigned char const m : map) n += (m & 1) * std::size_t{4096};
    return std::min(n, bytes);
}

}  // namespace

TEST_CASE("block_pool: what nobody needs for an interval loses its memory, and is cut again") {
    block_pool pool;
    std::vector<block> all;
    for (int i = 0; i < 3000; ++i) {
        block const b = pool.take(std::size_t{1024} << i % 7);
        memset(b.memory, 0x42, b.size);
        all.push_back(b);
    }
    std::vector<block> kept;
    for (std::size_t i = 0; i < all.size(); ++i) {
        block const b = all[i * 1009 % all.size()];
        if (i % 100 == 0)
            kept.push_back(b);
        else
            pool.give(b.memory, b.size);
    }
    std::size_t const mapped = pool.mapped();
    std::size_t const out = pool.outstanding();
    auto const bytes = [&] {
        std::size_t n = 0;
        for (block const b : all) n += in_memory(b.memory, b.size);
        return n;
    };
    std::size_t const before = bytes();
    pool.trim();
    CHECK(bytes() == before);
    pool.trim();
    // The pages of those that are kept, and the first of each chunk.
    CHECK(bytes() <= out + (kept.size() + mapped / (1 << 20)) * 4096);
    CHECK(pool.outstanding() == out);
    for (block const b : kept)
        for (std::size_t i = 0; i < b.size; ++i) REQUIRE(static_cast<std::byte*>(b.memory)[i] == std::byte{0x42});
    // All of it can be had again: in the same sizes, and in the largest, with little more mapped.
    for (block const b : kept) pool.give(b.memory, b.size);
    for (std::size_t const size : {0, 64 * 1024}) {
        std::vector<block> again;
        std::set<void*> distinct;
        std::size_t sum = 0;
        while (sum < 10 * (std::size_t{1} << 20)) {
            block const b = pool.take(size != 0 ? size : std::size_t{1024} << again.size() % 7);
            REQUIRE(b.memory != nullptr);
            REQUIRE(reinterpret_cast<std::uintptr_t>(b.memory) % std::min<std::size_t>(b.size, 4096) == 0);
            memset(b.memory, 0x17, b.size);
            REQUIRE(distinct.insert(b.memory).second);
            again.push_back(b);
            sum += b.size;
        }
        CHECK(pool.mapped() <= mapped + (std::size_t{2} << 20));
        for (block const b : again) pool.give(b.memory, b.size);
        pool.trim();
        pool.trim();
    }
    CHECK(pool.outstanding() == 0);
}

TEST_CASE("block_pool: large blocks that nobody needs for an interval are unmapped") {
    block_pool pool;
    for (int i = 0; i < 3; ++i) {
        block const b = pool.take(std::size_t{3} << 20);
        block const c = pool.take(std::size_t{5} << 20);
        pool.give(b.memory, b.size);
        pool.give(c.memory, c.size);
        CHECK(pool.mapped() == std::size_t{8} << 20);
        pool.trim();  // needed in every interval so far
        CHECK(pool.mapped() == std::size_t{8} << 20);
    }
    block const b = pool.take(std::size_t{5} << 20);
    pool.give(b.memory, b.size);
    pool.trim();  // 3 MiB were not
    CHECK(pool.mapped() == std::size_t{5} << 20);
    pool.trim();
    CHECK(pool.mapped() == 0);
    CHECK(pool.outstanding() == 0);
}

TEST_CASE("block_pool: trimmed while others take and give") {
    block_pool pool(&find_cache);
    std::atomic<bool> stop{false};
    std::thread trimmer([&] {
        while (!stop.load()) pool.trim();
    });
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([&, t] {
            block_cache cache(pool);
            if (t != 2) my_cache = &cache;
            std::vector<block> mine;
            for (int round = 0; round < 40; ++round) {
                std::size_t const n = round % 2 == 0 ? 400 : 4;
                while (mine.size() < n) {
                    block const b = pool.take(std::size_t{1024} << mine.size() % 5);
                    if (b.memory == nullptr) abort();
                    memset(b.memory, t, b.size);
                    mine.push_back(b);
                }
                while (mine.size() > n) {
                    block const b = mine.back();
                    mine.pop_back();
                    for (std::size_t i = 0; i < b.size; i += 64)
                        if (static_cast<std::byte*>(b.memory)[i] != static_cast<std::byte>(t)) abort();
                    pool.give(b.memory, b.size);
                }
                if (round % 8 == 0) cache.flush();
            }
            for (block const b : mine) pool.give(b.memory, b.size);
            my_cache = nullptr;
        });
    for (std::thread& t : threads) t.join();
    stop = true;
    trimmer.join();
    CHECK(pool.outstanding() == 0);
}
