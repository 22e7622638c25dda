// What the tests of arenas share.
#pragma once

#include <doctest/doctest.h>

#include <hocket/arena.hpp>
#include <string>

#include "alloc/block_pool.hpp"

using hocket::arena;
using hocket::detail::block_pool;

// Under AddressSanitizer each allocation has a red zone.
#ifdef HOCKET_ASAN
constexpr bool padded = true;
#else
constexpr bool padded = false;
#endif

// Every test ends with all blocks back in its pool.
struct arena_fixture {
    block_pool pool;
    ~arena_fixture() { CHECK(pool.outstanding() == 0); }
};

// Notes its destruction.
struct noisy {
    std::string& log;
    char name;
    noisy(std::string& l, char n) : log(l), name(n) {}
    noisy(noisy const&) = delete;
    ~noisy() { log += name; }
};
