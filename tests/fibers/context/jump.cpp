// Going from one context to another and back.
#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <hocket/detail/poison.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "coroutine.hpp"

using namespace hocket::detail;

TEST_CASE("jump: there and back, with all that lies on the stack") {
    for (backend const b : backends()) {
        CAPTURE(static_cast<int>(b));
        std::uint64_t sum = 0;
        coroutine c(b, [&sum](coroutine& self) {
            std::uint64_t numbers[64];
            for (std::uint64_t i = 0; i < 64; ++i) numbers[i] = i * i;
            for (std::uint64_t turn = 0; turn < 10'000; ++turn) {
                sum += numbers[turn % 64] + turn;
                self.pause();
            }
        });
        std::uint64_t expected = 0;
        for (std::uint64_t turn = 0; turn < 10'000; ++turn) {
            c.resume();
            expected += (turn % 64) * (turn % 64) + turn;
            REQUIRE(sum == expected);
        }
        CHECK_FALSE(c.over());
        c.resume();
        CHECK(c.over());
    }
}

TEST_CASE("jump: many contexts, each with its own stack, in turn") {
    for (backend const b : backends()) {
        CAPTURE(static_cast<int>(b));
        std::vector<int> where(100, 0);
        std::vector<std::unique_ptr<coroutine>> all;
        for (int i = 0; i < 100; ++i)
            all.push_back(std::make_unique<coroutine>(b, [&where, i](coroutine& self) {
                char mine[1000];
                std::memset(mine, i, sizeof mine);
                void const* const here = __builtin_frame_address(0);  // locals may be elsewhere under AddressSanitizer
                for (int turn = 1; turn <= 20; ++turn) {
                    if (!self.stack().contains(here)) return;
                    for (char const x : mine)
                        if (x != static_cast<char>(i)) return;
                    where[static_cast<std::size_t>(i)] = turn;
                    self.pause();
                }
            }));
        for (int turn = 1; turn <= 20; ++turn)
            for (int i = 0; i < 100; ++i) {
                all[static_cast<std::size_t>(i)]->resume();
                REQUIRE(where[static_cast<std::size_t>(i)] == turn);
            }
        for (auto& c : all) {
            c->resume();
            CHECK(c->over());
        }
    }
}

TEST_CASE("jump: contexts of both backends run within each other") {
    std::string path;
    std::vector<backend> const all = backends();
    coroutine inner(all.back(), [&](coroutine& self) {
        path += "b";
        self.pause();
        path += "d";
        self.pause();
    });
    coroutine outer(all.front(), [&](coroutine& self) {
        path += "a";
        inner.resume_from(self);
        path += "c";
        self.pause();
        inner.resume_from(self);
        path += "e";
        inner.resume_from(self);
    });
    outer.resume();
    CHECK(path == "abc");
    outer.resume();
    CHECK(path == "abcde");
    CHECK(inner.over());
    CHECK(outer.over());
}

TEST_CASE("jump: a context goes on wherever it is resumed") {
    for (backend const b : backends()) {
        CAPTURE(static_cast<int>(b));
        std::vector<std::thread::id> seen;
        coroutine c(b, [&](coroutine& self) {
            double kept = 0.5;
            for (int i = 0; i < 4; ++i) {
                kept *= 2;
                seen.push_back(std::this_thread::get_id());
                self.pause();
            }
            if (kept != 8.0) seen.clear();
        });
        for (int i = 0; i < 5; ++i) std::thread([&c] { c.resume(); }).join();
        CHECK(c.over());
        REQUIRE(seen.size() == 4);
    }
}

namespace {

// Pauses with more values alive than there are registers, in a function that needs no stack for calls.
[[gnu::noinline]] std::uint64_t pause_with_much_alive(context& outside, stack_view const& onto, std::uint64_t seed) {
    std::uint64_t v[24];
    for (std::uint64_t& x : v) {
        x = seed = seed * 6364136223846793005u + 1;
        asm volatile("" : "+r"(x));
    }
    outside = jump(outside, onto);
    std::uint64_t sum = 0;
    for (std::uint64_t const x : v) sum = sum * 31 + x;
    return sum;
}

std::uint64_t expected_of(std::uint64_t seed) {
    std::uint64_t sum = 0;
    for (int i = 0; i < 24; ++i) sum = sum * 31 + (seed = seed * 6364136223846793005u + 1);
    return sum;
}

}  // namespace

TEST_CASE("jump: a context that stands still needs nothing below its token") {
    for (backend const b : backends()) {
        CAPTURE(static_cast<int>(b));
        std::uint64_t const seed = 42;
        std::uint64_t got = 0;
        coroutine c(b, [&](coroutine& self) {
            self.pause_by([&](context& outside, stack_view const& onto) {
                got = pause_with_much_alive(outside, onto, seed);
            });
        });
        c.resume();
        auto const* const lowest = static_cast<std::byte const*>(c.where().token);
        REQUIRE(c.stack().contains(lowest));
        CHECK(c.stack().top() - lowest < 4096);
        auto const below = static_cast<std::size_t>(lowest - c.stack().base);
        unpoison(c.stack().base, below);
        std::memset(c.stack().base, 0xa5, below);
        c.resume();
        CHECK(got == expected_of(seed));
        CHECK(c.over());
    }
}

namespace {

// A ring of three, in which each goes straight to the next: whom a context receives, and whom it goes to, differ.
struct ring {
    context at[3], home;
    stack_view views[3], home_view;
    int turns = 0;
    std::string path;
};
ring* the_ring = nullptr;

template <int I>
void ring_member(context left) noexcept {
    arrived();
    if constexpr (I == 0)
        the_ring->home = left;
    else
        the_ring->at[I - 1] = left;
    while (true) {
        the_ring->path += static_cast<char>('0' + I);
        constexpr int next = (I + 1) % 3;
        if (I == 2 && ++the_ring->turns == 100) {
            the_ring->at[I] = jump(the_ring->home, the_ring->home_view);
        } else {
            context const from = jump(the_ring->at[next], the_ring->views[next]);
            the_ring->at[(I + 2) % 3] = from;  // each is only entered by the one before it
        }
    }
}

}  // namespace

TEST_CASE("jump: the context that is received is the one just left") {
    for (backend const b : backends()) {
        CAPTURE(static_cast<int>(b));
        stack_pool pool(64 * 1024, 3);
        stack* stacks[3];
        ring r;
        the_ring = &r;
        entry_function const entries[3] = {&ring_member<0>, &ring_member<1>, &ring_member<2>};
        for (int i = 0; i < 3; ++i) {
            stacks[i] = pool.take();
            r.at[i] = make_context(b, *stacks[i], entries[i]);
            r.views[i] = view_of(*stacks[i]);
        }
        r.home_view = view_of_this_thread();
        jump(r.at[0], r.views[0]);
        CHECK(r.turns == 100);
        std::string expected;
        for (int i = 0; i < 100; ++i) expected += "012";
        CHECK(r.path == expected);
        for (stack* const s : stacks) retire(*s);
    }
}

TEST_CASE("make_context: a stack is used again and again") {
    for (backend const b : backends()) {
        CAPTURE(static_cast<int>(b));
        static context outside;
        static stack_view outside_view;
        static int entered;
        entered = 0;
        outside_view = view_of_this_thread();
        stack_pool pool(16 * 1024, 1);
        stack& s = *pool.take();
        for (int i = 0; i < 1000; ++i) {
            context const fresh = make_context(b, s, [](context left) noexcept {
                arrived();
                ++entered;
                outside = left;
                jump(outside, outside_view);
                __builtin_unreachable();
            });
            jump(fresh, view_of(s));
        }
        CHECK(entered == 1000);
        retire(s);
    }
}

TEST_CASE("make_context: a fresh stack begins aligned as the ABI wants") {
    for (backend const b : backends()) {
        CAPTURE(static_cast<int>(b));
        std::uintptr_t frame = 1;
        coroutine c(b, [&frame](coroutine&) {
            struct alignas(16) line {
                float v[4];
            };
            line volatile here{{1, 2, 3, 4}};
            frame = reinterpret_cast<std::uintptr_t>(&here);
        });
        c.resume();
        CHECK(frame % 16 == 0);
    }
}
