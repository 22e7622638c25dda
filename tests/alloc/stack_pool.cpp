#include <doctest/doctest.h>
#include <string.h>
#include <sys/mman.h>

#include <atomic>
#include <hocket/detail/poison.hpp>
#include <set>
#include <thread>
#include <vector>

#include "alloc/stack_pool.hpp"
#include "child.hpp"

using namespace hocket::detail;

namespace {

bool faults(std::byte* p) {
    return in_child([p] { *static_cast<std::byte volatile*>(p) = std::byte{1}; }).signal == SIGSEGV;
}

// Pages of [base, record] that have memory under them.
std::size_t resident(stack const& s) {
    std::size_t const page = pages::size();
    std::size_t const bytes = pages::round_up(s.size + sizeof(stack));
    std::vector<unsigned char> map(bytes / page);
    REQUIRE(mincore(s.base, bytes, map.data()) == 0);
    std::size_t n = 0;
    for (unsigned char const m : map) n += m & 1;
    return n;
}

std::vector<pages::guard_method> methods() {
    if (pages::best_guard() == pages::guard_method::install)
        return {pages::guard_method::install, pages::guard_method::protect};
    return {pages::guard_method::protect};
}

constexpr std::size_t small = 64 * 1024;

std::atomic<int> retired{0};

// Gives back all that lies in the pool: two intervals, in which nobody needs any.
void trim(stack_pool& pool) {
    pool.note_surplus();
    pool.note_surplus();
    while (pool.release_surplus([](stack&) noexcept { ++retired; })) {
    }
}

}  // namespace

TEST_CASE("stack_pool: a write below a stack faults, one into it does not") {
    for (auto const method : methods()) {
        CAPTURE(static_cast<int>(method));
        stack_pool pool(small, 100, method);
        std::vector<stack*> all;
        for (int i = 0; i < 100; ++i) all.push_back(pool.take());
        for (std::size_t const i : {0, 1, 15, 16, 31, 32, 99}) {
            stack* const s = all[i];
            REQUIRE(s != nullptr);
            CHECK_FALSE(faults(s->base));
            CHECK_FALSE(faults(s->top() - 1));
            CHECK(faults(s->base - 1));
            CHECK(faults(s->base - 16 * 1024));
            CHECK(pool.in_guard(s->base - 1));
            CHECK(pool.in_guard(s->base - 16 * 1024));
            CHECK_FALSE(pool.in_guard(s->base));
            CHECK(pool.of(s->base - 1) == s);
            CHECK(pool.of(s->base) == s);
            CHECK(pool.of(s->top()) == s);
        }
        for (stack* const s : all) pool.give(s);
        std::byte* const base = all[3]->base;
        CHECK(faults(base - 1));
        trim(pool);
        CHECK(faults(base - 1));
        CHECK_FALSE(faults(base));
    }
}

TEST_CASE("stack_pool: addresses that are no stack's") {
    stack_pool pool(small, 100);
    int local = 0;
    CHECK(pool.of(&local) == nullptr);
    CHECK_FALSE(pool.in_guard(&local));
    CHECK_FALSE(pool.in_guard(nullptr));
    stack* const s = pool.take();
    CHECK(pool.of(s->base - 20 * 1024 - 1) == nullptr);     // below the reservation
    CHECK(pool.of(s->base + small + 16 * 1024) == nullptr);  // carved, but not there yet
    pool.give(s);
}

TEST_CASE("stack_pool: sizes") {
    for (std::size_t const size : {1u, 16u * 1024, 100'000u, 8u << 20}) {
        stack_pool pool(size, 4);
        stack* const s = pool.take();
        REQUIRE(s != nullptr);
        CHECK(pool.stack_size() >= size);
        CHECK(pool.stack_size() >= stack_pool::smallest);
        CHECK(s->size <= pool.stack_size());
        CHECK(s->size + 2048 >= pool.stack_size());
        CHECK(s->top() == s->base + s->size);
        memset(s->base, 0x5a, s->size);
        CHECK(s->pool == &pool);
        pool.give(s);
    }
    CHECK_THROWS_AS(stack_pool(SIZE_MAX, 1), std::bad_alloc);
    CHECK_THROWS_AS(stack_pool(std::size_t{1} << 50, 1000), std::bad_alloc);
}

TEST_CASE("stack_pool: the limit is kept, named, and taken back to") {
    stack_pool pool(small, 10);
    CHECK(pool.limit() == 10);
    CHECK(pool.existing() == 0);
    std::vector<stack*> all;
    while (stack* const s = pool.take()) all.push_back(s);
    CHECK(all.size() == 10);
    CHECK(std::set<stack*>(all.begin(), all.end()).size() == 10);
    CHECK(pool.existing() == 10);
    CHECK(pool.in_use() == 10);
    CHECK(pool.shortage().find("all 10 stacks") != std::string::npos);
    CHECK(pool.shortage().find("max_stacks") != std::string::npos);
    CHECK(pool.take() == nullptr);
    stack* const last = all.back();
    pool.give(last);
    CHECK(pool.in_use() == 9);
    CHECK(pool.take() == last);
    CHECK(pool.take() == nullptr);
    for (stack* const s : all) pool.give(s);
    CHECK(pool.in_use() == 0);
    CHECK(pool.existing() == 10);
}

TEST_CASE("stack_pool: a stack is new once, then comes back as it was given") {
    stack_pool pool(small, 10);
    stack* const s = pool.take();
    CHECK(s->context == nullptr);
    CHECK(s->sanitizer == nullptr);
    s->context = s->top() - 64;
    s->sanitizer = s;
    memset(s->top() - 1000, 0x77, 1000);
    pool.give(s);
    REQUIRE(pool.take() == s);
    CHECK(s->context == s->top() - 64);
    CHECK(s->sanitizer == s);
    for (std::byte* p = s->top() - 1000; p != s->top(); ++p) REQUIRE(*p == std::byte{0x77});
    stack* const other = pool.take();
    CHECK(other->context == nullptr);
    pool.give(s);
    pool.give(other);
    CHECK(pool.take() == s);  // the lowest
    pool.give(s);
}

TEST_CASE("stack_pool: neighbouring tops lie in different cache sets, within 2 KiB, 64-aligned") {
    stack_pool pool(small, 64);
    std::set<std::uintptr_t> offsets;
    std::vector<stack*> all;
    for (std::size_t i = 0; i < stack_pool::colours; ++i) {
        stack* const s = pool.take();
        all.push_back(s);
        auto const top = reinterpret_cast<std::uintptr_t>(s->top());
        CHECK(top % 64 == 0);
        offsets.insert(top % pages::size());
        CHECK(top % pages::size() >= pages::size() - 2048);
    }
    CHECK(offsets.size() == stack_pool::colours);
    for (stack* const s : all) pool.give(s);
}

TEST_CASE("stack_pool: a stack that uses 2 KiB costs one page; what lies below its frames can be given back") {
    stack_pool pool(small, 64);
    std::vector<stack*> all;
    for (int i = 0; i < 32; ++i) {
        stack* const s = pool.take();
        all.push_back(s);
        memset(s->top() - 1500, 1, 1500);
        CHECK(resident(*s) == 1);
    }
    std::size_t const whole = small / pages::size();
    for (stack* const s : all) memset(s->base, 1, s->size);
    CHECK(resident(*all[5]) == whole);
    std::byte* const frame = all[5]->top() - 3 * pages::size();
    stack_pool::release_below(*all[5], frame);
    CHECK(resident(*all[5]) == 4);
    CHECK(*frame == std::byte{1});
    stack_pool::release_below(*all[7], all[7]->top() - 1);
    CHECK(resident(*all[7]) == 1);
    CHECK(all[7]->top()[-1] == std::byte{1});
    // A frame at the very beginning of a page.
    auto const page = reinterpret_cast<std::uintptr_t>(all[8]->top()) & ~(pages::size() - 1);
    auto* const edge = reinterpret_cast<std::byte*>(page) - pages::size();
    stack_pool::release_below(*all[8], edge);
    CHECK(resident(*all[8]) == 2);
    CHECK(*edge == std::byte{1});
    stack_pool::release_below(*all[9], all[9]->base);
    CHECK(resident(*all[9]) == whole);
    for (stack* const s : all) pool.give(s);
}

TEST_CASE("stack_pool: what nobody needs for an interval is surplus, and its memory is given back, record and all") {
    stack_pool pool(small, 64);
    std::vector<stack*> all;
    std::vector<std::byte*> bases;
    for (int i = 0; i < 32; ++i) {
        all.push_back(pool.take());
        bases.push_back(all[i]->base);
        memset(all[i]->base, 1, all[i]->size);
        all[i]->context = all[i]->top() - 64;
    }
    auto const pages_of = [&](int i) { return resident({.base = bases[i], .size = small - sizeof(stack)}); };
    for (int i = 0; i < 24; ++i) pool.give(all[i]);
    auto const release = [&] {
        while (pool.release_surplus([](stack& s) noexcept {
            CHECK(s.context == s.top() - 64);
            ++retired;
        })) {
        }
    };
    retired = 0;
    pool.note_surplus();  // there were fewer than now: none, when the interval began
    release();
    CHECK(retired == 0);
    CHECK(pool.existing() == 32);
    // In the next interval a quarter of them is needed once.
    for (int i = 0; i < 6; ++i) CHECK(pool.take() == all[i]);
    for (int i = 0; i < 6; ++i) pool.give(all[i]);
    pool.note_surplus();
    release();
    CHECK(retired == 18);
    CHECK(pool.existing() == 14);
    CHECK(pool.in_use() == 8);
    for (int i = 0; i < 6; ++i) CHECK(pages_of(i) == small / pages::size());
    for (int i = 6; i < 24; ++i) CHECK(pages_of(i) == 0);
    for (int i = 24; i < 32; ++i) CHECK(pages_of(i) == small / pages::size());
    // Warm ones come first, then those; they are as good as new, and guarded.
    for (int i = 0; i < 24; ++i) {
        stack* const s = pool.take();
        CHECK(s == all[i]);
        CHECK((s->context == nullptr) == (i >= 6));
        CHECK(s->base == bases[i]);
        CHECK(s->pool == &pool);
        if (i >= 6) CHECK(pages_of(i) == 1);
        CHECK(faults(s->base - 1));
        CHECK(pool.of(s->base) == s);
    }
    CHECK(pool.existing() == 32);
    CHECK(pool.in_use() == 32);
    for (stack* const s : all) pool.give(s);
    // What becomes rare before it is given back is not.
    pool.note_surplus();
    pool.note_surplus();
    std::vector<stack*> again;
    for (int i = 0; i < 30; ++i) again.push_back(pool.take());
    retired = 0;
    for (stack* const s : again) s->context = nullptr;
    while (pool.release_surplus([](stack&) noexcept { ++retired; })) {
    }
    CHECK(retired == 2);
    for (stack* const s : again) pool.give(s);
}

TEST_CASE("stack_pool: how deep a stack has been, in pages") {
    std::size_t const page = pages::size();
    for (std::size_t const size : {small, std::size_t{8} << 20}) {
        stack_pool pool(size, 4);
        stack* const s = pool.take();
        CHECK(pool.touched(s) == page);  // its record
        // Around the 256 pages that are asked about at once.
        for (std::size_t const depth : {2 * page, 5 * page, 16 * page, 257 * page, 2047 * page, 2048 * page}) {
            if (depth > size) break;
            s->base[size - depth] = std::byte{1};
            CHECK(pool.touched(s) == depth);
        }
        stack_pool::release_below(*s, s->top() - 1);
        CHECK(pool.touched(s) == page);
        pool.give(s);
    }
}

#ifdef HOCKET_ASAN
TEST_CASE("stack_pool: what abandoned frames poisoned is clean when the stack comes back") {
    stack_pool pool(small, 1000);
    stack_cache cache(pool);
    for (bool const cached : {false, true}) {
        CAPTURE(cached);
        stack* const s = cached ? cache.take() : pool.take();
        __asan_poison_memory_region(s->base, s->size);
        CHECK(__asan_region_is_poisoned(s->base, s->size) != nullptr);
        cached ? cache.give(s) : pool.give(s);
        CHECK(__asan_region_is_poisoned(s->base, s->size) == nullptr);
    }
}
#endif

TEST_CASE("stack_pool: every existing stack is visited once") {
    stack_pool pool(small, 200);
    std::vector<stack*> all;
    for (int i = 0; i < 150; ++i) all.push_back(pool.take());
    for (int i = 0; i < 50; ++i) pool.give(all[i]);
    std::vector<stack*> seen;
    pool.for_each([&](stack& s) { seen.push_back(&s); });
    CHECK(seen == all);
    trim(pool);
    seen.clear();
    pool.for_each([&](stack& s) { seen.push_back(&s); });
    CHECK(seen == std::vector<stack*>(all.begin() + 50, all.end()));
}

TEST_CASE("stack_pool: a million stacks are only reserved") {
    stack_pool pool(small, std::size_t{1} << 20);
    CHECK(pool.existing() == 0);
    CHECK(pool.limit() >= 1000);
    if (!sanitized()) CHECK(pool.limit() == std::size_t{1} << 20);
    stack* const s = pool.take();
    REQUIRE(s != nullptr);
    pool.give(s);
}

TEST_CASE("stack_pool: caches give and take without losing any") {
    stack_pool pool(small, 10'000);
    std::vector<stack*> all;
    {
        stack_cache cache(pool);
        for (int i = 0; i < 40; ++i) all.push_back(cache.take());
        CHECK(pool.in_use() == 40);
        for (stack* const s : all) cache.give(s);
        CHECK(pool.in_use() == 0);
        CHECK(cache.take() == all.back());
        CHECK(pool.in_use() == 1);
        cache.give(all.back());
        // What it could not hold lies in the pool, for others.
        stack* const s = pool.take();
        CHECK(pool.existing() == 40);
        pool.give(s);
    }
    CHECK(pool.in_use() == 0);
    std::set<stack*> again;
    for (int i = 0; i < 40; ++i) again.insert(pool.take());
    CHECK(again == std::set<stack*>(all.begin(), all.end()));
}

TEST_CASE("stack_pool: near the limit no stack lies idle in a cache") {
    for (std::size_t const limit : {10u, 600u}) {
        CAPTURE(limit);
        stack_pool pool(16 * 1024, limit);
        stack_cache one(pool);
        stack_cache other(pool);
        std::vector<stack*> all;
        while (stack* const s = one.take()) all.push_back(s);
        REQUIRE(all.size() == limit);
        CHECK(other.take() == nullptr);
        for (int i = 0; i < 10; ++i) one.give(all[i]);
        for (int i = 0; i < 10; ++i) CHECK(other.take() != nullptr);
        CHECK(other.take() == nullptr);
        CHECK(pool.in_use() == limit);
        // Once there are enough, caches keep some again.
        for (stack* const s : all) one.give(s);
        CHECK(pool.in_use() == 0);
        one.flush();
        while (pool.take() != nullptr) {
        }
        CHECK(pool.in_use() == limit);
    }
}

TEST_CASE("stack_pool: threads share one pool, with caches and without") {
    std::size_t limit = 0;
    SUBCASE("that is short of stacks") { limit = 40; }
    SUBCASE("that has plenty") { limit = 4096; }
    stack_pool pool(small, limit);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&pool, t] {
            stack_cache cache(pool);
            std::vector<stack*> mine;
            for (int i = 0; i < 2000; ++i) {
                if (stack* const s = t % 2 == 0 ? cache.take() : pool.take(); s != nullptr) {
                    // Mine alone now; a second owner would be a race, or a wrong value.
                    s->context = &mine;
                    s->top()[-1] = static_cast<std::byte>(t);
                    mine.push_back(s);
                }
                if (mine.size() == 12 || (i % 3 == 0 && !mine.empty())) {
                    for (stack* const s : mine) {
                        if (s->context != &mine || s->top()[-1] != static_cast<std::byte>(t)) abort();
                        if (t % 2 == 0)
                            cache.give(s);
                        else
                            pool.give(s);
                    }
                    mine.clear();
                }
                if (i % 500 == 0) trim(pool);
            }
            for (stack* const s : mine) pool.give(s);
        });
    for (std::thread& t : threads) t.join();
    CHECK(pool.in_use() == 0);
    std::set<stack*> all;
    while (stack* const s = pool.take()) all.insert(s);
    CHECK(all.size() == limit);
}

TEST_CASE("stack_pool: where little can be reserved the limit is lower") {
    if (sanitized()) return;
    child_end const end = in_child([] {
        limit_address_space(std::size_t{1} << 30);
        stack_pool pool(small, std::size_t{1} << 20);
        require_in_child(pool.limit() < std::size_t{1} << 20, "the limit is what was asked for");
        require_in_child(pool.limit() > 1000, "the limit is far too low");
        stack* const s = pool.take();
        require_in_child(s != nullptr, "no stack");
        memset(s->base, 1, s->size);
    });
    CHECK(end.text == "");
    CHECK(end.signal == 0);
    CHECK(end.code == 0);
}

TEST_CASE("stack_pool: at the kernel's limit of mappings the shortage names vm.max_map_count") {
    if (sanitized()) return;
    child_end const end = in_child([] {
        stack_pool pool(16 * 1024, 200'000, pages::guard_method::protect);
        std::size_t n = 0;
        while (pool.take() != nullptr) ++n;
        if (n == 200'000) return;  // this machine's limit is very high
        fprintf(stderr, "%zu %s", pool.limit(), pool.shortage().c_str());
        require_in_child(pool.limit() == n, " wrong limit");
        require_in_child(pool.shortage().find("vm.max_map_count = ") != std::string::npos, " not named");
        require_in_child(n > 1000, " too few");
    });
    INFO(end.text);
    CHECK(end.signal == 0);
    CHECK(end.code == 0);
}

TEST_CASE("stack_pool: where locked memory refuses guard regions, mprotect makes the guards") {
    if (sanitized()) return;
    child_end const end = in_child([] {
        if (mlockall(MCL_FUTURE) != 0) return;  // not permitted here
        stack_pool pool(small, 20);
        stack* s = nullptr;
        for (int i = 0; i < 20; ++i) {
            s = pool.take();
            require_in_child(s != nullptr, "no stack");
        }
        *static_cast<std::byte volatile*>(s->base) = std::byte{1};
        require_in_child(faults(s->base - 1), "the guard does not hold");
    });
    CHECK(end.text == "");
    CHECK(end.signal == 0);
    CHECK(end.code == 0);
}
