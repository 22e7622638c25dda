#include <doctest/doctest.h>
#include <string.h>
#include <sys/mman.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "alloc/slab_pool.hpp"
#include "child.hpp"

using namespace hocket::detail;

namespace {

struct record {
    std::byte closure[64];
    std::atomic<std::uint32_t> state;  // at byte 64: the pool leaves it alone
    std::byte rest[60];
};
static_assert(sizeof(record) == 128);

// Only reads: what a dump does.
std::size_t live(slab_pool const& pool) {
    std::size_t n = 0;
    pool.for_each([&](void* r) { n += static_cast<record*>(r)->state.load() == 1; });
    return n;
}

}  // namespace

TEST_CASE("slab_pool: new records are zero, 64-aligned and distinct") {
    slab_pool pool;
    CHECK(pool.existing() == 0);
    std::set<void*> all;
    for (int i = 0; i < 5000; ++i) {
        void* const r = pool.take();
        REQUIRE(r != nullptr);
        REQUIRE(reinterpret_cast<std::uintptr_t>(r) % 64 == 0);
        for (std::size_t b = 0; b < 128; ++b) REQUIRE(static_cast<std::byte*>(r)[b] == std::byte{0});
        memset(r, 0xff, 128);  // an overlap would be seen as a record that is not zero
        REQUIRE(all.insert(r).second);
    }
    CHECK(pool.existing() == 5000);
    std::set<void*> seen;
    pool.for_each([&](void* r) { seen.insert(r); });
    CHECK(seen == all);
    for (void* const r : all) pool.give(r);
    CHECK(pool.idle() == 5000);
    for (int i = 0; i < 5000; ++i) pool.take();
    CHECK(pool.existing() == 5000);
    CHECK(pool.idle() == 0);
}

TEST_CASE("slab_pool: a free record keeps all but its first 8 bytes") {
    slab_pool pool;
    slab_cache cache(pool);
    std::vector<void*> all;
    for (int i = 0; i < 200; ++i) {
        all.push_back(cache.take());
        memset(all.back(), 0x42, 128);
    }
    for (std::size_t i = 0; i < all.size(); ++i) i % 2 == 0 ? cache.give(all[i]) : pool.give(all[i]);
    for (void* const r : all)
        for (std::size_t b = 8; b < 128; ++b) REQUIRE(static_cast<std::byte*>(r)[b] == std::byte{0x42});
}

TEST_CASE("slab_pool: other sizes") {
    slab_pool pool(192);
    CHECK(pool.record_size() == 192);
    auto* const a = static_cast<std::byte*>(pool.take());
    auto* const b = static_cast<std::byte*>(pool.take());
    CHECK(b - a == 192);
}

TEST_CASE("slab_cache: exchanges whole batches and gives the last back first") {
    slab_pool pool;
    {
        slab_cache cache(pool);
        void* const first = cache.take();
        CHECK(pool.existing() == slab_pool::batch);
        for (std::uint32_t i = 1; i < slab_pool::batch; ++i) cache.take();
        CHECK(pool.existing() == slab_pool::batch);
        cache.give(first);
        CHECK(cache.take() == first);
        std::vector<void*> more;
        for (std::uint32_t i = 0; i < slab_cache::capacity + 1; ++i) more.push_back(pool.take());
        for (void* const r : more) cache.give(r);
        std::size_t const out = slab_cache::capacity / 2;  // the older half, in whole batches
        CHECK(pool.idle() >= out);
        std::size_t const idle = pool.idle();
        // A thread without a cache gets at what a cache gave back.
        std::size_t const before = pool.existing();
        void* const r = pool.take();
        CHECK(pool.existing() == before);
        CHECK(pool.idle() == idle - 1);
        pool.give(r);
    }
    CHECK(pool.idle() + slab_pool::batch == pool.existing());  // the first batch was never given back
}

TEST_CASE("slab_cache: records taken on one thread and given on another all come home") {
    slab_pool pool;
    std::mutex guard;
    std::vector<record*> passed;
    std::atomic<bool> stop{false};
    std::thread dump([&] {
        while (!stop.load()) {
            live(pool);
            std::this_thread::yield();
        }
    });
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            slab_cache cache(pool);
            unsigned random = t + 1;
            std::vector<record*> mine;
            auto drop = [&](record* r) {
                if (r->state.exchange(0) != 1) abort();
                t == 3 ? pool.give(r) : cache.give(r);
            };
            for (int i = 0; i < 20'000; ++i) {
                random = random * 1'664'525 + 1'013'904'223;
                if (random >> 31 != 0 && mine.size() < 300) {
                    auto* const r = static_cast<record*>(t == 3 ? pool.take() : cache.take());
                    if (r == nullptr || r->state.exchange(1) != 0) abort();  // two owners
                    memset(r->closure, static_cast<int>(t), sizeof r->closure);
                    mine.push_back(r);
                } else if (!mine.empty()) {
                    drop(mine.back());
                    mine.pop_back();
                }
                if (i % 512 == 0) {
                    std::lock_guard const held(guard);
                    mine.swap(passed);
                }
            }
            for (record* const r : mine) drop(r);
        });
    for (std::thread& t : threads) t.join();
    stop = true;
    dump.join();
    CHECK(live(pool) == passed.size());
    for (record* const r : passed) pool.give(r);
    CHECK(pool.idle() == pool.existing());
    std::size_t visited = 0;
    pool.for_each([&](void*) { ++visited; });
    CHECK(visited == pool.existing());
}

TEST_CASE("slab_pool: pages of records that nobody needs for an interval lose their memory, and come back as new") {
    slab_pool pool;
    constexpr std::size_t n = 20'000;
    std::vector<void*> all;
    {
        slab_cache cache(pool);
        for (std::size_t i = 0; i < n; ++i) {
            all.push_back(cache.take());
            memset(all.back(), 0x42, 128);
        }
        // In no order, so that chains and pages have nothing to do with each other; every 1000th stays in use.
        for (std::size_t i = 0; i < n; ++i) {
            std::size_t const k = i * 7919 % n;
            if (k % 1000 != 0) cache.give(all[k]);
        }
        cache.flush();
    }
    std::size_t const idle = pool.idle();
    std::size_t const existing = pool.existing();
    auto const in_memory = [&] {
        std::size_t k = 0;
        for (void* const r : all) {
            unsigned char here = 0;
            REQUIRE(mincore(reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(r) & -4096ul), 1, &here) == 0);
            k += here & 1;
        }
        return k;
    };
    CHECK(in_memory() == n);
    pool.trim();  // there were fewer when the interval began
    CHECK(in_memory() == n);
    pool.trim();
    CHECK(pool.idle() == idle);
    CHECK(pool.existing() == existing);
    CHECK(in_memory() <= 20 * 32 + 40 * 32);  // the pages of those in use, and those that begin or end a slab
    for (std::size_t i = 0; i < n; i += 1000)
        for (std::size_t b = 0; b < 128; ++b) REQUIRE(static_cast<std::byte*>(all[i])[b] == std::byte{0x42});
    // Nothing more to gain: what is left is not sorted again.
    pool.trim();
    pool.trim();
    CHECK(pool.idle() == idle);

    // Linked ones first, then those that have to be had from the kernel again: zero, and each once.
    std::set<void*> again;
    std::size_t zero = 0;
    slab_cache cache(pool);
    for (std::size_t i = 0; i < idle; ++i) {
        auto* const r = static_cast<std::byte*>(i % 3 == 0 ? pool.take() : cache.take());
        REQUIRE(again.insert(r).second);
        bool blank = true;
        for (std::size_t b = 8; b < 128; ++b) blank = blank && r[b] == std::byte{0};
        zero += blank;
        memset(r, 0x17, 128);
    }
    CHECK(pool.existing() <= existing + slab_pool::batch);  // the cache's last batch
    CHECK(zero >= n - 2 * 60 * 32);
    for (void* const r : again) pool.give(r);
}

TEST_CASE("slab_pool: records that are needed in every interval keep their memory") {
    slab_pool pool;
    std::vector<void*> all;
    for (int round = 0; round < 4; ++round) {
        for (int i = 0; i < 5000; ++i) {
            all.push_back(pool.take());
            if (round != 0) REQUIRE(static_cast<std::byte*>(all.back())[100] == std::byte{0x42});
            memset(all.back(), 0x42, 128);
        }
        for (void* const r : all) pool.give(r);
        all.clear();
        pool.trim();
    }
}

TEST_CASE("slab_pool: trimmed while others take and give") {
    slab_pool pool;
    std::atomic<bool> stop{false};
    std::thread trimmer([&] {
        while (!stop.load()) {
            pool.trim();
            live(pool);
        }
    });
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 3; ++t)
        threads.emplace_back([&, t] {
            slab_cache cache(pool);
            std::vector<record*> mine;
            for (int round = 0; round < 60; ++round) {
                std::size_t const n = round % 2 == 0 ? 3000 : 30;
                while (mine.size() < n) {
                    auto* const r = static_cast<record*>(t == 2 ? pool.take() : cache.take());
                    if (r == nullptr || r->state.exchange(1) != 0) abort();  // two owners
                    memset(r->closure, static_cast<int>(t), sizeof r->closure);
                    mine.push_back(r);
                }
                while (mine.size() > n) {
                    record* const r = mine.back();
                    mine.pop_back();
                    for (std::byte const b : r->closure)
                        if (b != static_cast<std::byte>(t)) abort();  // given back to the kernel while in use
                    if (r->state.exchange(0) != 1) abort();
                    t == 2 ? pool.give(r) : cache.give(r);
                }
                if (round % 8 == 0) cache.flush();
            }
            for (record* const r : mine) {
                r->state = 0;
                pool.give(r);
            }
        });
    for (std::thread& t : threads) t.join();
    stop = true;
    trimmer.join();
    CHECK(live(pool) == 0);
    CHECK(pool.idle() == pool.existing());
}

TEST_CASE("slab_pool: without memory there is no record, and nothing is lost") {
    if (sanitized()) return;
    child_end const end = in_child([] {
        slab_pool pool;
        slab_cache cache(pool);
        void* const first = pool.take();
        limit_address_space(std::size_t{8} << 20);
        std::vector<void*> all;
        all.reserve(1 << 20);
        while (void* const r = pool.take()) all.push_back(r);
        require_in_child(cache.take() == nullptr, "a cache made a record of nothing");
        require_in_child(!all.empty(), "none at all");
        for (void* const r : all) pool.give(r);
        pool.give(first);
        require_in_child(pool.idle() == pool.existing(), "records lost");
        require_in_child(cache.take() != nullptr, "none after they were given back");
    });
    CHECK(end.text == "");
    CHECK(end.signal == 0);
    CHECK(end.code == 0);
}
